//! Names of the branches that plans go to, where no other is asked for.
//!
//! Knows: that all of a host must be able to stand beside each other, for git has no branch inside the name of another.
//! Must not know: git, which branches there are.

/// What a branch is for.
#[derive(Clone, Copy, Debug)]
pub enum Holds<'a> {
    /// The moves of these services, asked for by name.
    Services(&'a [&'a str]),
    /// The moves of all services of a host that can move.
    All,
    /// What moves left behind on a host.
    Prune,
}

/// What follows the name of a service that is called as one of the other branches: no two services share a name by it.
const SERVICE: &str = ".service";
/// Bytes of the names of several services at most; a part of a name is a file, which cannot be much longer than twice that.
const LONGEST: usize = 100;

/// `migrate/<host>/<service>`, `migrate/<host>/<service>+<service>`, `migrate/<host>/all`, `migrate/<host>/prune`. `host` is
/// the short name.
pub fn branch_name(host: &str, holds: Holds<'_>) -> String {
    let last = match holds {
        Holds::All => "all".to_owned(),
        Holds::Prune => "prune".to_owned(),
        Holds::Services([one]) if matches!(one.trim_end_matches(SERVICE), "all" | "prune") => format!("{one}{SERVICE}"),
        Holds::Services(several) => match (several.join("+"), several.first()) {
            (joined, Some(first)) if several.len() > 1 && joined.len() > LONGEST => {
                format!("{first}+{}", several.len() - 1)
            }
            (joined, _) => joined,
        },
    };
    format!("migrate/{host}/{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_branch_of_a_host_has_a_name_of_its_own() {
        let of = |services: &[&str]| branch_name("puck", Holds::Services(services));
        assert_eq!(of(&["kairos"]), "migrate/puck/kairos");
        assert_eq!(of(&["angelia", "kairos"]), "migrate/puck/angelia+kairos");
        assert_eq!(branch_name("puck", Holds::All), "migrate/puck/all");
        assert_eq!(branch_name("puck", Holds::Prune), "migrate/puck/prune");
        assert_eq!(of(&["all"]), "migrate/puck/all.service");
        assert_eq!(of(&["prune"]), "migrate/puck/prune.service");
        assert_eq!(of(&["all.service"]), "migrate/puck/all.service.service");
        assert_eq!(of(&["overall"]), "migrate/puck/overall");
        let long = "x".repeat(60);
        assert_eq!(of(&[&long, &long, "kairos"]), format!("migrate/puck/{long}+2"));
    }
}
