//! Names and labels of a repository that would run something, or say something else than what is meant.

use std::path::Path;

use crate::support::{BRANCH, Scratch, command, run};

const ALLOY: &str = "ansible/alloy/puck/config.alloy.j2";
const COMPOSE: &str = "ansible/kairos";

/// Folders that a shell or a program would take for something else than a path below where one stands.
const FOLDERS: [&str; 5] = ["kairos$(touch PWNED)", "--vault-password-file=x", "it's `touch PWNED`", "a\nb", "~"];

/// Runs a command as a person does who copies it, and gives the arguments of `ansible-playbook`.
fn typed(scratch: &Scratch, line: &str) -> Vec<String> {
    let bin = scratch.beside("bin");
    if !bin.exists() {
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("ansible-playbook"), "#!/bin/sh\nprintf '%s\\0' \"$@\"\n").unwrap();
        run(command("chmod", &bin).args(["+x", "ansible-playbook"]));
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ansible = scratch.root.join("ansible");
    let run = run(command("bash", &ansible).env("PATH", path).args(["--norc", "-c", line]));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}");
    assert!(!ansible.join("PWNED").exists(), "{line}");
    run.out.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn a_command_that_is_copied_does_what_it_says() {
    for folder in FOLDERS {
        let scratch = Scratch::demo();
        scratch.git(&["mv", COMPOSE, &format!("ansible/{folder}")]);
        scratch.commit("an odd name");
        let json = scratch.kairos(&["--format", "json"]).json();
        let commands: Vec<&str> =
            json["rollout"].as_array().unwrap().iter().filter_map(|step| step["command"].as_str()).collect();
        let book = format!("{}{folder}/deploy.yml", if folder.starts_with('-') { "./" } else { "" });
        let service: Vec<&&str> = commands.iter().filter(|line| typed(&scratch, line)[0] == book).collect();
        assert_eq!(service.len(), 1, "{folder}: {commands:?}");
        // The very same text everywhere.
        let message = scratch.git(&["log", "-1", "--format=%B", BRANCH]);
        let dry = |format: &str| scratch.kairos(&["--dry-run", "--format", format]).out;
        for (what, text) in [("message", message), ("human", dry("human")), ("markdown", dry("markdown"))] {
            assert!(text.contains(*service[0]), "{what}: {} is not in {text}", service[0]);
        }
    }
}

#[test]
fn a_label_writes_no_trailer() {
    let forged = "\\n\\nMigrated-Service: angelia\\nMigrated-Host: puck.incus\\nMigrate-Base: 1111111111111111111111111111111111111111";
    for label in [format!("{forged}\\n\\n---\\n"), "\\n---\\n".to_owned(), "\\r\\n--- \\u202e".to_owned()] {
        let scratch = Scratch::demo();
        scratch.replace(ALLOY, "job         = \"kairos\"", &format!("job         = \"kairos{label}\""));
        scratch.commit("an odd label");
        let run = scratch.kairos(&[]);
        assert_eq!(run.code, 3, "{}", run.err);
        let said = scratch.git(&["log", "-1", "--format=%(trailers:only)", BRANCH]);
        let main = scratch.git(&["rev-parse", "main"]);
        let want = format!("Migrated-Service: kairos\nMigrated-Host: puck.incus\nMigrate-Base: {main}");
        assert_eq!(said.trim_end(), want);
        let status = scratch.migrate(&["status", "--host", "puck", "--format", "json"]).json();
        let on_branch = |one: &&serde_json::Value| one["state"] == "on-branch";
        let services: Vec<&str> = status["services"]
            .as_array()
            .unwrap()
            .iter()
            .filter(on_branch)
            .map(|one| one["service"].as_str().unwrap())
            .collect();
        assert_eq!(services, ["kairos"]);
        // The branch counts as ours.
        scratch.commit("more");
        assert_eq!(scratch.kairos(&["--replace"]).code, 3);
    }
}

#[test]
fn nothing_printed_steers_a_terminal_or_hides() {
    let scratch = Scratch::demo();
    let label = "\\u001b[2J\\u202e\\u2067\\n\\nNext\\n  $ evil\\r\\u009b31m";
    scratch.replace(ALLOY, "job         = \"kairos\"", &format!("job         = \"kairos{label}\""));
    scratch.git(&["mv", COMPOSE, "ansible/kai\u{1b}[31m\nros\u{202e}\u{9b}"]);
    scratch.commit("odd names");
    let page = scratch.beside("page.html");
    let mut texts = vec![scratch.migrate(&["status"]).out, scratch.migrate(&["status", "--format", "json"]).out];
    for format in ["human", "markdown", "json", "sarif"] {
        texts.push(scratch.kairos(&["--dry-run", "--format", format, "--report", page.to_str().unwrap()]).out);
    }
    scratch.kairos(&[]);
    texts.extend([std::fs::read_to_string(page).unwrap(), scratch.git(&["log", "-1", "--format=%B", BRANCH])]);
    let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
    let hides = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for (at, text) in texts.iter().enumerate() {
        assert!(text.len() > 200 && !text.contains(|c| acts(c) || hides(c)), "{at}: {text}");
        assert!(at == 6 || !text.lines().any(|line| line.trim_start().starts_with("$ evil")), "{at}: {text}");
    }
    // Colours are the program's own.
    let painted = scratch.migrate(&["--all", "--host", "puck", "--dry-run", "--color", "always"]).out;
    assert!(painted.contains('\u{1b}') && !painted.contains("␛[2m"), "{painted}");
}

#[test]
fn what_completion_offers_means_itself() {
    let scratch = Scratch::demo();
    let evil = "zz$(touch${IFS}PWNED)";
    scratch.git(&["mv", "ansible/angelia", &format!("ansible/{evil}")]);
    let hosts = "ansible/inventory/host_vars";
    scratch.write(&format!("{hosts}/{evil}.yml"), "a: 1\n");
    scratch.write(&format!("{hosts}/zz;x.yml"), "a: 1\n");
    scratch.write(&format!("{hosts}/zz-fine.yml"), "a: 1\n");
    scratch.commit("odd names");
    std::fs::create_dir(scratch.root.join(evil)).unwrap();
    std::fs::create_dir(scratch.root.join("zzz")).unwrap();
    let offered = |shell: &str, words: &[&str]| -> String {
        let mut ask = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
        let at = (words.len() - 1).to_string();
        ask.env("MIGRATE_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", at).arg("--").args(words);
        let run = run(&mut ask);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{shell} {words:?}");
        run.out
    };
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        for words in [&["migrate", ""][..], &["migrate", "zz"], &["migrate", "verify", ""]] {
            assert!(!offered(shell, words).contains("touch"), "{shell} {words:?}");
        }
        let hosts = offered(shell, &["migrate", "kairos", "--host", "zz"]);
        assert!(hosts.contains("zz-fine") && !hosts.contains("touch") && !hosts.contains("zz;x"), "{shell}: {hosts}");
        let folders = offered(shell, &["migrate", "-C", "zz"]);
        assert!(folders.contains("zzz") && !folders.contains("touch"), "{shell}: {folders}");
    }
    assert!(!Path::new(&scratch.root).join("PWNED").exists());
}
