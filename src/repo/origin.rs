//! Where the repository was cloned from, as an address that may be shown.
//!
//! Knows: git's remotes, and that an address can hold a password. Must not know: who shows it.

use super::Repo;

/// Addresses that are URIs. `host:path` and a folder are none.
const SCHEMES: [&str; 4] = ["https", "http", "ssh", "git"];

impl Repo {
    /// The address of the remote `origin`, if it is a URI; without user and password.
    pub fn origin(&self) -> Option<String> {
        let remote = self.git.find_remote("origin").ok()?;
        shown(remote.url().ok()?)
    }
}

fn shown(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| SCHEMES.contains(scheme))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let fits = |text: &str, more: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b));
    (!host.is_empty() && fits(host, "-.:[]_") && fits(path, "-._~/%+:@,=")).then(|| format!("{scheme}://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_address_is_shown_without_secrets_or_not_at_all() {
        assert_eq!(shown("https://git.example.org/infra.git").unwrap(), "https://git.example.org/infra.git");
        assert_eq!(shown("https://me:s3cret@git.example.org/a/b").unwrap(), "https://git.example.org/a/b");
        assert_eq!(shown("ssh://git@git.example.org:2222/a").unwrap(), "ssh://git.example.org:2222/a");
        for url in [
            "git@git.example.org:a/b",
            "/srv/git/a",
            "file:///srv/a",
            "https://",
            "https://a/b c",
            "https://a/?token=x",
        ] {
            assert_eq!(shown(url), None, "{url}");
        }
    }
}
