//! `docker compose` command lines, as far as they decide a project name and whether containers are made anew.
//!
//! Knows: the flags `-p`, `-f`, `--project-directory`, `--env-file`, a leading `cd`, and `docker stack deploy`. Must not
//! know: Ansible.

/// What a command line says about the project it brings up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComposeCommand {
    /// `-p`, `--project-name`.
    pub project: Option<String>,
    /// `-f`, `--file`, in order.
    pub files: Vec<String>,
    /// `--project-directory`.
    pub directory: Option<String>,
    /// Folder of a `cd … &&` in front.
    pub folder: Option<String>,
    /// `COMPOSE_PROJECT_NAME=… docker compose …`.
    pub environment: Option<String>,
    /// `DOCKER_HOST=… docker compose …`.
    pub engine: Option<String>,
    /// Whether it leaves containers that are there as they are: `restart`, `up --no-recreate`.
    pub keeps: bool,
    /// Whether it deploys a stack of a swarm.
    pub is_stack: bool,
}

/// Reads the first `docker compose` or `docker-compose` in a shell command that brings containers up: one that makes them
/// anew, if there is one.
pub fn read(command: &str) -> Option<ComposeCommand> {
    let mut out = ComposeCommand::default();
    let mut kept = None;
    for words in commands(command) {
        let mut words = words.iter().map(String::as_str).peekable();
        if words.peek() == Some(&"cd") {
            out.folder = words.nth(1).map(str::to_owned);
            continue;
        }
        while let Some(word) = words.peek().filter(|word| is_assignment(word)) {
            if let Some(value) = word.strip_prefix("COMPOSE_PROJECT_NAME=") {
                out.environment = Some(value.to_owned());
            }
            if let Some(value) = word.strip_prefix("DOCKER_HOST=") {
                out.engine = Some(value.to_owned());
            }
            words.next();
        }
        if matches!(words.peek(), Some(&"sudo")) {
            words.next();
        }
        let program = words.next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or(program);
        let what = if program == "docker" { words.next() } else { None };
        out.is_stack = what == Some("stack");
        let is_compose = program == "docker-compose" || matches!(what, Some("compose" | "stack"));
        if is_compose && flags(&mut words, &mut out) {
            if !out.keeps {
                return Some(out);
            }
            kept.get_or_insert_with(|| out.clone());
        }
    }
    kept
}

/// Reads the flags; `true` when the subcommand starts containers.
fn flags<'w>(words: &mut impl Iterator<Item = &'w str>, out: &mut ComposeCommand) -> bool {
    while let Some(word) = words.next() {
        let (flag, inline) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
        let mut value = || inline.map(str::to_owned).or_else(|| words.next().map(str::to_owned));
        match flag {
            "-p" | "--project-name" => out.project = value(),
            "-f" | "--file" => out.files.extend(value()),
            "-c" | "--compose-file" if out.is_stack => out.files.extend(value()),
            "--project-directory" | "--workdir" => out.directory = value(),
            "--env-file" | "--profile" | "--ansi" | "--progress" | "--parallel" => drop(value()),
            "up" | "deploy" if out.is_stack => out.keeps = false,
            "up" | "create" => {
                out.keeps = words.any(|word| word == "--no-recreate");
                return true;
            }
            "run" | "start" | "restart" => {
                out.keeps = true;
                return !out.is_stack;
            }
            "pull" | "build" | "down" | "stop" | "rm" | "ps" => return false,
            name if out.is_stack && !name.starts_with('-') => out.project = Some(name.to_owned()),
            _ => {}
        }
    }
    out.is_stack && !out.files.is_empty()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// The words of each command of a line. Quotes and `{{ … }}` keep a word together.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut out = vec![vec![String::new()]];
    let (mut quote, mut braces) = (None, 0_usize);
    for c in text.chars() {
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        let Some(words) = out.last_mut() else { break };
        match (quote, c) {
            (Some(open), _) if open == c && braces == 0 => quote = None,
            (None, '"' | '\'') if braces == 0 => quote = Some(c),
            (None, ' ' | '\t') if braces == 0 => words.push(String::new()),
            (None, ';' | '\n' | '&' | '|') if braces == 0 => out.push(vec![String::new()]),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    for words in &mut out {
        words.retain(|word| !word.is_empty());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_flags_that_decide_the_name() {
        let found = read("cd /srv/x && sudo docker compose -f a.yml --file=b.yml -p Kairos up -d").unwrap();
        assert_eq!(found.project.as_deref(), Some("Kairos"));
        assert_eq!(found.files, ["a.yml", "b.yml"]);
        assert_eq!(found.folder.as_deref(), Some("/srv/x"));
    }

    #[test]
    fn keeps_expressions_in_one_word() {
        let found = read("docker-compose -p \"{{ name | default('x y') }}\" up -d").unwrap();
        assert_eq!(found.project.as_deref(), Some("{{ name | default('x y') }}"));
    }

    #[test]
    fn other_commands_say_nothing() {
        assert_eq!(read("docker compose pull"), None);
        assert_eq!(read("docker run --rm busybox up"), None);
    }

    #[test]
    fn what_makes_containers_anew_is_told_from_what_leaves_them() {
        for (line, keeps) in [
            ("docker compose up -d", false),
            ("docker compose up -d --no-recreate", true),
            ("docker compose -p x restart", true),
            ("docker-compose start web", true),
            ("docker compose restart && docker compose up -d", false),
            ("docker compose run --rm web migrate", true),
        ] {
            assert_eq!(read(line).map(|found| found.keeps), Some(keeps), "{line}");
        }
    }

    #[test]
    fn a_stack_is_told_from_a_project() {
        let found = read("docker stack deploy --prune -c a.yml --compose-file=b.yml shop").unwrap();
        assert!(found.is_stack && !found.keeps);
        assert_eq!(
            (found.files, found.project.as_deref()),
            (vec!["a.yml".to_owned(), "b.yml".to_owned()], Some("shop"))
        );
        assert!(read("docker stack ps shop").is_none() && !read("docker compose up").unwrap().is_stack);
    }

    #[test]
    fn environment_in_front_counts() {
        assert_eq!(read("COMPOSE_PROJECT_NAME=a docker compose up").unwrap().environment.as_deref(), Some("a"));
    }
}
