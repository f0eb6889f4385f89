//! Completions through a real shell, and man pages. Shells that a plain machine lacks are in `tests/shells`.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Run, Scratch, command, migrate, run};

/// Where the program lies, in front of the path.
fn path() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_migrate")).parent().unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// What bash offers when TAB is pressed at the end of `line`: its own completion machinery, not a look at the script.
fn bash(folder: &Path, line: &str) -> Vec<String> {
    let script = r#"
        source <(migrate completions bash)
        declare -F _clap_complete_migrate >/dev/null || exit 9
        COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_TYPE=9 COMP_KEY=9
        read -ra COMP_WORDS <<<"$LINE"
        [[ $LINE == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        _clap_complete_migrate migrate "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>&1
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let run = run(command("bash", folder).env("PATH", path()).env("LINE", line).args(["--norc", "-c", script]));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}");
    run.out.lines().map(|word| word.trim_end().to_owned()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn services_and_hosts_complete_from_the_repository() {
    let scratch = Scratch::demo();
    let inside = scratch.root.join("ansible/pplg");
    assert_eq!(bash(&scratch.root, "migrate kai"), ["kairos"]);
    assert_eq!(bash(&inside, "migrate kai"), ["kairos"]);
    assert_eq!(bash(&scratch.root, "migrate kairos --host pu"), ["puck"]);
    assert_eq!(bash(&scratch.root, "migrate status --host ro"), ["rosalind"]);
    assert_eq!(bash(&scratch.root, "migrate verify kai"), ["kairos"]);
    assert_eq!(bash(&scratch.root, "migrate verify kairos --host pu"), ["puck"]);
    assert_eq!(bash(&scratch.root, "migrate stat"), ["status"]);
    // From elsewhere, of the repository that is named.
    assert_eq!(bash(&scratch.beside("."), "migrate -C infra kai"), ["kairos"]);
}

#[test]
fn what_can_move_comes_first() {
    let scratch = Scratch::demo();
    // Of the host that is typed, wherever it stands; what has moved comes last.
    let puck = ["angelia", "jupyterlab", "kairos", "spelunker", "athena", "daedalus", "mnemosyne"];
    let offered = bash(&scratch.root, "migrate --host puck ");
    let services: Vec<&String> = offered.iter().filter(|word| puck.contains(&word.as_str())).collect();
    assert_eq!(services, puck.iter().collect::<Vec<_>>());
    assert!(!offered.contains(&"gitea".to_owned()), "{offered:?}");
    // searxng runs on two hosts.
    let hosts = bash(&scratch.root, "migrate searxng --host ");
    assert_eq!(hosts[..2], ["miranda", "rosalind"]);
}

#[test]
fn completion_is_silent_and_quick_and_writes_nothing() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    let ask = |folder: &Path, words: &[&str]| -> Run {
        let mut command = command(env!("CARGO_BIN_EXE_migrate"), folder);
        let at = (words.len() - 1).to_string();
        run(command.env("MIGRATE_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", at).arg("--").args(words))
    };
    ask(&scratch.root, &["migrate", "kai"]);
    let start = Instant::now();
    assert_eq!(ask(&scratch.root, &["migrate", "kai"]).out, "kairos");
    // A debug build on a busy machine; the bound that is promised is measured on a release build.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(scratch.state(), before);

    let nowhere = Scratch::bare_folder();
    for (folder, words) in [
        (nowhere.root.as_path(), &["migrate", "kai"][..]),
        (&scratch.root, &["migrate", "kairos", "--host", "nope"]),
        (&scratch.root, &["migrate", "--base", "nope", "kai"]),
        (&scratch.root, &["migrate", "-C", "/nowhere", "kai"]),
        (&scratch.root, &["migrate", "--no-such-option", "x", "kai\u{7}"]),
    ] {
        let run = ask(folder, words);
        assert_eq!(run.err, "", "{words:?}");
        assert!(run.code == 0 && run.out.is_empty(), "{words:?}: {}", run.out);
    }
    scratch.write("ansible/inventory/hosts.yml", "{{{ broken");
    scratch.commit("broken");
    assert_eq!(ask(&scratch.root, &["migrate", "kairos", "--host", "pu"]).err, "");
}

#[test]
fn every_shell_has_a_script() {
    let scratch = Scratch::bare_folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = scratch.migrate(&["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{shell}");
        assert!(run.out.contains("MIGRATE_COMPLETE"), "{shell}: {}", run.out);
        // The program is found on the path, wherever it lay when the script was written.
        assert!(!run.out.contains("target"), "{shell}: {}", run.out);
    }
    assert_eq!(scratch.migrate(&["completions", "tcsh"]).code, 2);
    assert_eq!(scratch.migrate(&["completions"]).code, 2);
}

#[test]
fn man_pages() {
    let scratch = Scratch::bare_folder();
    let one = scratch.migrate(&["man"]);
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "EXAMPLES", "FILES", "ENVIRONMENT", "SEE ALSO"] {
        let heading = if section.contains(' ') { format!(".SH \"{section}\"\n") } else { format!(".SH {section}\n") };
        assert_eq!(one.out.matches(&heading).count(), 1, "{section}: {}", one.out);
    }
    let all = scratch.migrate(&["man", "--out", "deep/man1"]);
    assert_eq!((all.code, all.err.as_str()), (0, ""));
    let mut pages: Vec<String> = std::fs::read_dir(scratch.root.join("deep/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let commands = ["accept", "completions", "demo", "explain", "man", "prune", "status", "verify"]
        .map(|name| format!("migrate-{name}.1"));
    assert_eq!(pages, [commands.as_slice(), &["migrate.1".to_owned()]].concat());
    assert_eq!(scratch.read("deep/man1/migrate.1"), one.out.as_bytes());
    for page in &pages {
        let text = String::from_utf8(scratch.read(&format!("deep/man1/{page}"))).unwrap();
        for section in [".SH NAME", ".SH \"EXIT STATUS\"", ".SH EXAMPLES", ".SH \"SEE ALSO\""] {
            assert!(text.contains(section), "{page}: no {section}");
        }
    }
    let status = String::from_utf8(scratch.read("deep/man1/migrate-status.1")).unwrap();
    assert!(status.contains(".SH STATES") && status.contains("migrate status"), "{status}");
    let verify = String::from_utf8(scratch.read("deep/man1/migrate-verify.1")).unwrap();
    assert!(verify.contains(".SH QUESTIONS") && verify.contains(".SH ENVIRONMENT"), "{verify}");
    scratch.write("file", "x");
    migrate(&scratch.root, &["man", "--out", "file"]).fails(1, &["cannot write the man pages to file", "--out DIR"]);
}
