use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Command, clap::Error> {
    Command::parse(line.split(' '))
}

fn both(line: &str) -> (Migrate, Output) {
    match parse(line) {
        Ok(Command::Migrate(migrate, output)) => (migrate, output),
        other => panic!("{other:?}"),
    }
}

fn migrate(line: &str) -> Migrate {
    both(line).0
}

#[test]
fn definition_holds() {
    Typed::command().debug_assert();
}

#[test]
fn the_words_of_the_contract_work_as_typed() {
    let want = Migrate {
        services: vec!["kairos".into()],
        host: Some("puck".into()),
        all: false,
        only: Vec::new(),
        except: Vec::new(),
        limit: None,
        separate: false,
        repo: ".".into(),
        base: None,
        bridge: Bridge::Auto,
        alert_labels: AlertLabels::Auto,
        keep_history: false,
        project: None,
        accept: Vec::new(),
        strict: false,
    };
    let (format, color) = (Format::Human, Color::Auto);
    let output = Output {
        branch: None,
        replace: false,
        dry_run: false,
        verbose: false,
        diff: false,
        quiet: false,
        no_pager: false,
        format,
        report: None,
        color,
    };
    assert_eq!(both("migrate kairos --host puck"), (want.clone(), output));
    assert_eq!(migrate("migrate --host puck kairos"), want);
    assert_eq!(migrate("migrate --host=puck -- kairos"), want);
}

#[test]
fn options() {
    let (all, out) =
        both("migrate kairos --host puck -C sub --base v1 --branch b --replace --dry-run --format json --color never");
    assert_eq!((all.repo, all.base, out.branch), ("sub".into(), Some("v1".into()), Some("b".into())));
    assert_eq!((out.replace, out.dry_run, out.format, out.color), (true, true, Format::Json, Color::Never));
    let bridged = migrate("migrate kairos --host puck --bridge service-name --keep-history");
    assert_eq!((bridged.bridge, bridged.keep_history), (Bridge::ServiceName, true));
    let kept = migrate("migrate kairos --host puck --alert-labels keep");
    assert_eq!(kept.alert_labels, AlertLabels::Keep);
    let page = both("migrate kairos --host puck --format sarif --report a/b.html").1;
    assert_eq!((page.format, page.report), (Format::Sarif, Some("a/b.html".into())));
    assert_eq!(both("migrate kairos --host puck --format markdown").1.format, Format::Markdown);
}

#[test]
fn how_much_is_said() {
    let out = both("migrate kairos --host puck -v --diff --no-pager").1;
    assert_eq!((out.verbose, out.diff, out.quiet, out.no_pager), (true, true, false, true));
    assert!(both("migrate kairos --host puck -q").1.quiet);
    for line in ["migrate kairos --host puck -q -v", "migrate kairos --host puck -q --format json"] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn several_services() {
    assert_eq!(migrate("migrate a b --host c").services, ["a", "b"]);
    let all = migrate("migrate --all --host puck --only k*,g* --except gaeta --except kairos --limit 3 --separate");
    assert_eq!((all.only, all.except), (vec!["k*".into(), "g*".into()], vec!["gaeta".into(), "kairos".to_owned()]));
    assert_eq!((all.all, all.limit, all.separate), (true, Some(3), true));
    assert_eq!(migrate("migrate --all").host, None);
}

#[test]
fn demo_is_a_command_and_can_still_be_a_service() {
    assert_eq!(parse("migrate demo").unwrap(), Command::Demo("migrate-demo".into()));
    assert_eq!(parse("migrate demo x/y").unwrap(), Command::Demo("x/y".into()));
    assert_eq!(migrate("migrate --host puck -- demo").services, ["demo"]);
    assert_eq!(migrate("migrate --host puck demo").services, ["demo"]);
    assert_eq!(migrate("migrate demonstration --host puck").services, ["demonstration"]);
}

#[test]
fn wrong_lines_are_usage_errors() {
    for line in [
        "migrate",
        "migrate demo --host puck",
        "migrate kairos --all --host puck",
        "migrate kairos --host puck --only k*",
        "migrate kairos --host puck --limit 1",
        "migrate --all --limit 0",
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}: {error}");
    }
    assert_eq!(Command::parse(["migrate", "", "--host", "x"]).unwrap_err().exit_code(), 2);
}

#[test]
fn a_line_may_lack_what_the_repository_can_tell() {
    assert_eq!(migrate("migrate kairos").host, None);
    assert!(migrate("migrate --host puck").services.is_empty());
    assert_eq!(misplaced(migrate("migrate -C sub status").services.iter().map(String::as_str)), Some("status"));
}

#[test]
fn help_is_a_word_and_no_name_of_a_host() {
    for line in ["migrate help", "migrate help status", "migrate -h", "migrate status -h", "migrate -h status"] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 0, "{line}");
    }
    assert!(parse("migrate help status").unwrap_err().to_string().contains("Show where every service"));
    assert_eq!(migrate("migrate help --host puck").services, ["help"]);
    let error = parse("migrate kairos -h puck").unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("`--host puck`"), "{error}");
}

#[test]
fn help_is_short_and_says_how() {
    let error = parse("migrate --help").unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::DisplayHelp, 0));
    // A fixed width: clap would take that of the terminal the tests run in.
    let help = Typed::command().term_width(100).render_help().to_string();
    snapbox::assert_data_eq!(help, snapbox::file!["../../tests/report/help.txt"].raw());
}
