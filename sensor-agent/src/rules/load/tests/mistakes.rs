//! Mistakes that people make in rule files: each is told with its file and line, a caret under the fault, and what to do.

use super::{load_text, rule};

/// Stands before every condition.
const HEAD: &str = "- macro: spawned_process\n  condition: evt.type in (execve, execveat)\n- list: shells\n  items: [sh, bash]\n";

/// What is wrong with the report of a file's first fault: it has to stand in the fault's line, its caret before `under` (at
/// the end of the line where that is empty), and to say `said`.
fn wrong(text: &str, under: &str, said: &str) -> Option<String> {
    let loaded = load_text(text);
    let faults = loaded.errors.iter().chain(&loaded.cautions).chain(&loaded.warnings);
    let Some(fault) = faults.min_by_key(|fault| fault.code().label().starts_with("LOAD_UNUSED")) else {
        return Some(format!("nothing is said of {text}"));
    };
    let report = fault.to_string();
    let behind = fault.source_line.chars().skip(fault.caret).collect::<String>();
    let is_there = if under.is_empty() { behind.is_empty() } else { behind.starts_with(under) };
    let line = text.lines().nth(fault.line - 1).unwrap_or_default().replace('\t', " ");
    let is_line = line.trim_end() == fault.source_line.trim_end();
    let place = format!("rules.yaml:{}:{}: ", fault.line, fault.column);
    let is_right = is_there && is_line && report.contains(said) && report.starts_with(&place);
    (!is_right).then(|| format!("not `{said}` with the caret before `{under}`:\n{report}"))
}

fn check(wrong: impl Iterator<Item = String>) {
    let wrong = wrong.collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn in_conditions() {
    let mistakes = [
        ("spawned_process and proc.nmae=x", "proc.nmae", "did you mean `proc.name`?"),
        ("spawned_process and proc.Name=x", "proc.Name", "did you mean `proc.name`?"),
        ("spawned_process and nosuch.field=x", "nosuch", "`saker --list` names them all"),
        ("spawned_process and proc.name[1]=x", "proc.name[1]", "`proc.name` takes no argument"),
        ("spawned_process and proc.aname[x]=x", "proc.aname", "write a number: `proc.aname[1]`"),
        ("spawned_process and proc.aname[1=x", "", "write `[2]`"),
        ("spawned_process and evt.arg=x", "evt.arg", "write `evt.arg.NAME`"),
        ("spawned_process and evt.arg.flgs=x", "evt.arg", "`saker --list-events` has the names"),
        ("spawned_proces and proc.name=x", "spawned_proces ", "did you mean `spawned_process`?"),
        ("spawned_process and container", "container", "the file that defines it has to be loaded"),
        ("spawned_process and shels", "shels", "did you mean the list, `FIELD in (shells)`?"),
        ("spawned_process and shells", "shells", "`shells` is a list and stands for its items"),
        ("spawned_process and proc.name in (shels)", "shels", "did you mean the list `shells`?"),
        ("evt.type=execve and proc.name in (spawned_process)", "spawned_process", "a macro's name"),
        ("evt.type=spawned_process", "spawned_process", "`spawned_process` is a macro: it stands alone"),
        ("evt.type=opne", "opne", "did you mean `open`?"),
        ("evt.type=nosuchcall", "nosuchcall", "`saker --list-events` names them all"),
        ("spawned_process and proc.name startwith ba", "startwith", "did you mean `startswith`?"),
        ("spawned_process and proc.name like ba", "like", "write `glob`"),
        ("spawned_process and proc.name not in (shells)", "not", "`not proc.name in (…)`"),
        ("spawned_process and proc.name !in (shells)", "!in", "write `not proc.name in`"),
        ("spawned_process and proc.name (sh)", "(sh)", "write `proc.name in (…)`"),
        ("spawned_process and proc.name", "", "or write `proc.name exists`"),
        ("evt.type=open and evt.is_open_read and proc.name=x", "and proc", "write `evt.is_open_read=true`"),
        ("spawned_process and exists proc.name", "proc.name", "`proc.name exists`"),
        ("spawned_process and proc.name =", "", "an empty value is"),
        ("spawned_process and proc.name = (sh, bash)", "(sh", "write `in (a, b)`"),
        ("spawned_process and proc.name <> x", "> x", "write `!=`"),
        ("spawned_process and proc.pid > x", "x", "only numbers are ordered"),
        ("spawned_process and proc.name = x y", "y", "put a value with blanks in quotes"),
        ("spawned_process and proc.name = \"x", "\"x", "add the closing quote"),
        ("spawned_process and proc.name = 'x", "'x", "add the closing quote"),
        ("spawned_process and proc.name = \"a\\d\"", "\\d", "write `\\\\d`"),
        ("spawned_process and (proc.name=x or proc.pname=y", "(proc", "this `(` is not closed"),
        ("spawned_process and proc.name in (sh, bash", "(sh", "this `(` is not closed"),
        ("spawned_process and proc.name=x)", ")", "one `)` too many"),
        ("spawned_process and ()", ")", "put a condition between the parentheses"),
        ("spawned_process and (proc.name=x and )", ")", "add what is to stand before the `)`"),
        ("spawned_process and proc.name in shells", "shells", "write `in (shells)`"),
        ("evt.type in execve, execveat", ", execveat", "write `in (a, b)`"),
        ("evt.type in [execve, execveat]", "[execve", "write `in (a, b)`"),
        ("evt.type in (execve execveat)", "execveat)", "between values of a list stands a `,`"),
        ("evt.type in (execve, , execveat)", ", execveat", "take the comma out"),
        ("evt.type in (execve, execveat,)", ")", "take the comma out"),
        ("evt.type=execve, execveat", ", execveat", "several values are a list"),
        ("spawned_process && proc.name=x", "&&", "write `and`"),
        ("spawned_process || proc.name=x", "||", "write `or`"),
        ("spawned_process OR proc.name=x", "OR", "write `or`, in lower case"),
        ("spawned_process and !proc.name=x", "!proc", "write `not`"),
        ("spawned_process and $name=x", "$name", "there are no variables"),
        ("spawned_process and %proc.name=x", "%proc", "fields have no `%`"),
        ("spawned_process and", "", "the condition ends with `and`"),
        ("spawned_process and and proc.name=x", "proc.name", "`and` is taken for a macro"),
        ("and spawned_process", "spawned_process", "`and` is taken for a macro"),
        ("my-macro and spawned_process", "-macro", "letters, digits and `_`"),
        ("spawned_process and tolwer(proc.name)=x", "(proc", "did you mean `tolower`?"),
        ("spawned_process and upper(proc.name)=x", "(proc", "there is no transformer `upper`"),
        ("spawned_process and tolower(proc.pid)=x", "tolower", "does not take `proc.pid`"),
        ("spawned_process and join(proc.name)=x", "join", "write `join("),
        ("spawned_process and proc.name=val(proc.nmae)", "proc.nmae", "did you mean `proc.name`?"),
        ("spawned_process and proc.name=proc.pname", "proc.pname", "write `val(proc.pname)`"),
        ("spawned_process and proc.name startswith any (a, b)", "(a", "did you mean `anyof`?"),
        ("spawned_process and proc.pid startswith 1", "startswith", "it takes exists <= < >= > = !="),
        ("spawned_process and proc.pid=abc", "abc", "is no whole number"),
        ("spawned_process and proc.pid=0x10", "0x10", "write it in decimal: 16"),
        ("evt.type=connect and fd.sip=300.1.1.1", "300", "is no IP address"),
        ("evt.type=connect and fd.snet=10.0.0.0", "10.0", "write `address/bits`"),
        ("evt.type=connect and fd.sport=htpps", "htpps", "is no port or service"),
        ("evt.type=open and evt.is_open_read=yes", "yes", "`true` or `false`"),
        ("evt.type=open and fd.name regex \"(a\"", "\"(a", "unclosed group"),
        ("evt.type=open and fd.name regex \"(?=a)b\"", "\"(?", "look-ahead"),
        ("evt.type=open and fd.name regex ^/(a|b)", "(a", "put a value with parentheses in quotes"),
        ("evt.type=open and proc.name=\"<NA>\"", "\"<NA>", "`not proc.name exists`"),
        ("proc.name=x", "proc.name", "add `evt.type=…`"),
    ];
    check(mistakes.into_iter().filter_map(|(condition, under, said)| {
        wrong(&format!("{HEAD}{}", rule("r", &format!(">\n    {condition}"))), under, said)
    }));
}

#[test]
fn in_the_shape_of_files() {
    let good = rule("r", "evt.type=open");
    let with = |more: &str| format!("{good}  {more}\n");
    let mistakes = [
        (good.replace("INFO", "WARN"), "WARN", "did you mean `Warning`?"),
        (good.replace("INFO", "CRITCAL"), "CRITCAL", "did you mean `Critical`?"),
        (good.replace("INFO", "high"), "high", "one of Emergency"),
        (good.replace("output", "outptu"), "outptu", "did you mean `output`?"),
        (good.replace("  desc: d\n", ""), "rule", "say which under `override`"),
        (good.replace("evt.type=open", ""), ":", "`condition` has no value"),
        (good.replace("  output", "\toutput"), " output", "replace the tabs"),
        (good.replace("desc: d", "desc: a: b"), ": b", "put the text in quotes"),
        (good.replace("  condition", "   condition"), ": evt", "look at the indentation"),
        (good.replace(": o", ": %proc.name"), "%proc", "a text that begins with `%` needs quotes"),
        (good.replace(": o", ": x %proc.nmae"), "%proc", "did you mean `proc.name`?"),
        (good.replace(": o", ": x %evt.arg"), "%evt", "write `evt.arg.NAME`"),
        (good.replace(": o", ": 100% of"), "% of", "a field has to follow each `%`"),
        (with("priorty: INFO"), "priorty", "did you mean `priority`?"),
        (with("output: p"), "output: p", "stands here twice"),
        (with("tags: net"), "net", "write `tags: [a, b]`"),
        (with("enabled: maybe"), "maybe", "has to be true or false"),
        (with("capture_duration: 5s"), "5s", "it is in milliseconds"),
        (with("source: sycall"), "r", "did you mean `syscall`?"),
        (good.clone() + &good, "rule: r", "is defined again in line 6"),
        (good.replace("- rule: r", "- rul: r"), "rul", "did you mean `rule`?"),
        (good.replace("- rule: r", "- rule r"), ": d", "look at the indentation"),
        ("rule: r\n".to_owned(), "rule", "write `- rule: …`"),
        ("- list: a\n  items: sh\n".to_owned(), "sh", "write `items: [a, b]`"),
        ("- list: a\n  items: [[a], b]\n".to_owned(), "[a]", "write `items: [a, b]`"),
        ("- list: a\n  items: [a, b\n- list: b\n".to_owned(), ": b", "is not closed"),
        ("- list: a\n  items: *foo\n".to_owned(), "*foo", "needs quotes"),
        ("- list: a\n  itms: [a]\n".to_owned(), "itms", "did you mean `items`?"),
        (
            "- macro: a\n  condition: b\n- macro: b\n  condition: evt.type=open\n".to_owned(),
            "b",
            "move that one up",
        ),
        ("- macro: a\n  condition: a or evt.type=open\n".to_owned(), "a or", "refers to itself"),
        ("- macro: a\n  condition: or b\n  append: true\n".to_owned(), "a", "define it first"),
        ("- required_engine_version: 0.99.0\n".to_owned(), "0.99.0", "use a newer Saker"),
        ("- required_engine_version: latest\n".to_owned(), "latest", "write `x.y.z`"),
        (
            "- required_plugin_versions:\n  - name: contaner\n    version: 0.4.0\n".to_owned(),
            "contaner",
            "`container`?",
        ),
        (
            "- required_plugin_versions:\n  - name: container\n    version: 9.0.0\n".to_owned(),
            "container",
            "newer Saker",
        ),
        (
            "- required_plugin_versions:\n  - name: k8saudit\n    version: 0.7.0\n".to_owned(),
            "k8saudit",
            "built in are",
        ),
    ];
    check(mistakes.into_iter().filter_map(|(text, under, said)| wrong(&text, under, said)));
}

#[test]
fn in_updates_and_exceptions() {
    let good = rule("r", "evt.type=open");
    let exception = |more: &str| format!("{good}  exceptions:\n   - name: e\n{more}");
    let update = |more: &str| format!("{good}- rule: r\n{more}");
    let mistakes = [
        (
            update("  condition: proc.name=x\n  append: true\n"),
            "proc.name",
            "begin what is appended with `and` or `or`",
        ),
        (
            update("  condition: and proc.name=x\n  override: {condition: apend}\n"),
            "apend",
            "did you mean `append`?",
        ),
        (
            update("  condition: and proc.name=x\n  override: {conditon: append}\n"),
            "conditon",
            "did you mean `condition`?",
        ),
        (update("  priority: INFO\n  override: {priority: append}\n"), "priority", "write `replace`"),
        (update("  source: x\n  override: {source: replace}\n"), "source", "a rule keeps its source"),
        (
            update("  output: x\n  override: {output: replace, desc: replace}\n"),
            "desc",
            "add `desc` to the item",
        ),
        (update("  output: x\n  desc: x\n  override: {output: replace}\n"), "desc", "add `desc: replace`"),
        (
            update("  output: x\n  append: true\n  override: {output: append}\n"),
            "{output: append",
            "take `append` out",
        ),
        (update("  output: x\n  override: append\n"), "rule", "say which under `override`"),
        (good.clone() + "- rule: s\n  enabled: false\n", "s", "define it first"),
        (exception("     field: proc.name\n     values: [a]\n"), "name", "did you mean `fields`?"),
        (exception("     fields: proc.name\n     value: [a]\n"), "value", "did you mean `values`?"),
        (exception("     fields: proc.nmae\n     values: [a]\n"), "proc.nmae", "did you mean `proc.name`?"),
        (exception("     fields: proc.name\n     comps: =\n     values: [a]\n"), "=", "one of in, pmatch"),
        (
            exception("     fields: [proc.name, fd.name]\n     comps: [=]\n     values: [[a, b]]\n"),
            "[=",
            "each of the 2 fields",
        ),
        (
            exception(
                "     fields: [proc.name, fd.name]\n     comps: [=, startwith]\n     values: [[a, b]]\n",
            ),
            "[=, startwith",
            "did you mean `startswith`?",
        ),
        (
            exception("     fields: [proc.name, fd.name]\n     values: [[a, b, c]]\n"),
            "[a, b, c",
            "this one has 3",
        ),
        (
            exception("     fields: [proc.name, fd.name]\n     values: [a, b]\n"),
            "a, b",
            "write `values: [[a, b], [c, d]]`",
        ),
    ];
    check(mistakes.into_iter().filter_map(|(text, under, said)| wrong(&text, under, said)));
}
