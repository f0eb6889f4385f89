//! `ip("…")`: addresses, networks and ranges, and the addresses in a text.
//!
//! Knows: how addresses are written. Must not know: where the text stands.

use core::net::IpAddr;

/// What an address has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    first: IpAddr,
    last: IpAddr,
}

impl Wanted {
    /// Reads `10.0.0.1`, `10.0.0.0/8` or `10.0.0.1-10.0.0.9`.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self { first: address, last: address });
        }
        if let Some((first, last)) = text.split_once('-') {
            let (first, last): (IpAddr, IpAddr) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            return (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last });
        }
        let (address, bits) = text.split_once('/')?;
        let bits: u32 = bits.parse().ok()?;
        match address.parse().ok()? {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
                let first = u32::from(address) & !mask;
                (bits <= 32).then(|| Self { first: IpAddr::V4(first.into()), last: IpAddr::V4((first | mask).into()) })
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shr(bits).unwrap_or(0);
                let first = u128::from(address) & !mask;
                (bits <= 128).then(|| Self { first: IpAddr::V6(first.into()), last: IpAddr::V6((first | mask).into()) })
            }
        }
    }

    fn takes(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }

    /// Whether one of the addresses in `text` is wanted.
    pub(super) fn finds(self, text: &str) -> bool {
        let part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
        text.split(|c| !part(c)).any(|word| {
            // An address is looked for from a digit on, so one that begins with colons is never found.
            let bare = word.trim_matches(['.', ':']);
            let v4 =
                bare.split(':').filter_map(|piece| piece.parse::<IpAddr>().ok()).any(|address| self.takes(address));
            v4 || [bare, word.trim_matches('.').trim_start_matches(':')]
                .iter()
                .filter_map(|piece| piece.parse().ok())
                .any(|address| self.takes(address))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_texts() {
        let net = Wanted::read("10.0.0.0/8").unwrap();
        assert!(net.finds("ip=10.1.2.3:80 x"));
        assert!(!net.finds("ip=11.1.2.3"));
        assert!(!net.finds("10.0.0.256"));
        assert!(Wanted::read("2001:db8::/32").unwrap().finds("peer=2001:db8::1"));
        assert!(Wanted::read("10.0.0.1-10.0.0.9").unwrap().finds("10.0.0.9"));
        for text in ["", "x", "10.0.0.0/33", "10.0.0.5-10.0.0.1"] {
            assert_eq!(Wanted::read(text), None, "{text}");
        }
    }
}
