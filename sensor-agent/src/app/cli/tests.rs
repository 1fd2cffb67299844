//! Command lines and what they ask for.

use std::path::PathBuf;

use super::{Cli, Command, Common, Format};

fn parse(line: &str) -> Result<Cli, String> {
    Cli::parse(line.split(' ').map(Into::into)).map_err(|error| error.to_string())
}

#[test]
fn falco_flags() {
    let common = |common| Cli { common, ..Cli::default() };
    let cases = [
        ("saker", Cli::default()),
        ("falco", Cli::default()),
        ("/usr/bin/falco -c f.yaml", common(Common { config: Some("f.yaml".into()), ..Common::default() })),
        ("falco -r a -r b", common(Common { rules: vec!["a".into(), "b".into()], ..Common::default() })),
        (
            "falco -o json_output=true --option a.b[0]=x",
            common(Common {
                options: vec!["json_output=true".into(), "a.b[0]=x".into()],
                ..Common::default()
            }),
        ),
        ("falco -M 5 -U", common(Common { seconds: 5, unbuffered: true, ..Common::default() })),
        ("falco -pk", common(Common { print: Some("k".into()), ..Common::default() })),
        ("falco --print=c", common(Common { print: Some("c".into()), ..Common::default() })),
        (
            "falco -V a.yaml --validate b.yaml",
            Cli { validate: vec!["a.yaml".into(), "b.yaml".into()], ..Cli::default() },
        ),
        ("falco -L", Cli { describe_all: true, ..Cli::default() }),
        ("falco -l name", Cli { describe: Some("name".into()), ..Cli::default() }),
        ("falco --list", Cli { list: Some(String::new()), ..Cli::default() }),
        ("falco --list -N", Cli { list: Some(String::new()), names_only: true, ..Cli::default() }),
        ("falco --list=syscall", Cli { list: Some("syscall".into()), ..Cli::default() }),
        (
            "falco --list --format json",
            Cli { list: Some(String::new()), format: Format::Json, ..Cli::default() },
        ),
        (
            "falco --list-events --markdown",
            Cli { list_events: true, format: Format::Markdown, markdown: true, ..Cli::default() },
        ),
        ("falco --version", Cli { version: true, ..Cli::default() }),
        (
            "falco -i -v --page-size",
            Cli {
                ignored: true,
                page_size: true,
                common: Common { verbose: true, ..Common::default() },
                ..Cli::default()
            },
        ),
        ("falco -P /run/f.pid", Cli { pidfile: Some("/run/f.pid".into()), ..Cli::default() }),
        ("falco --dry-run", Cli { dry_run: true, ..Cli::default() }),
        ("falco --enable-source syscall", Cli { enable_source: vec!["syscall".into()], ..Cli::default() }),
    ];
    for (line, expect) in cases {
        assert_eq!(parse(line).as_ref(), Ok(&expect), "{line}");
    }
}

#[test]
fn options_behind_a_command_are_added() {
    let cli = parse("saker -o a=1 -r x replay f.rec -r y -M 3 -o b=2").expect("parses");
    assert_eq!(
        cli.common,
        Common {
            rules: vec![PathBuf::from("x"), PathBuf::from("y")],
            options: vec!["a=1".into(), "b=2".into()],
            seconds: 3,
            ..Common::default()
        }
    );
    assert!(matches!(cli.command, Some(Command::Replay { ref file, .. }) if file.as_os_str() == "f.rec"));
    let cli = parse("saker doctor --trace").expect("parses");
    assert!(matches!(cli.command, Some(Command::Doctor { trace: true, .. })));
}

#[test]
fn help_names_the_program_as_it_was_called() {
    for (line, expect) in
        [("falco -h", "Usage: falco [OPTION...]"), ("/usr/bin/saker --help", "Usage: saker [OPTION...]")]
    {
        let message = parse(line).expect_err("help is handed out as an error");
        assert!(message.contains(expect), "{line}: {message}");
    }
}

#[test]
fn bad_arguments_name_themselves() {
    for (line, expect) in [
        ("falco --lst", "'--lst'"),
        ("falco -M soon", "'soon'"),
        ("falco --format xml", "[possible values: text, markdown, json]"),
        ("falco --markdown --format json", "cannot be used with"),
        ("falco --enable-source a --disable-source b", "cannot be used with"),
        ("falco dcotor", "'dcotor'"),
        ("falco record", "<FILE>"),
        ("falco -V", "'--validate <FILE>'"),
    ] {
        let message = parse(line).expect_err(line);
        assert!(message.contains(expect), "{line}: {message}");
        assert!(!message.starts_with("error:"), "{line}: {message}");
    }
}
