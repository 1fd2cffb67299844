//! Other people's programs at the other end: rsyslog, restarted, and logrotate in its two ways. Absent ones are skipped, and told.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::*;

/// Where Debian and others install it; says so if it is not there.
fn installed(name: &str) -> Option<String> {
    let directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let found = directories.map(|directory| format!("{directory}/{name}"));
    let found = found.into_iter().find(|path| Path::new(path).exists());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}

/// A daemon that ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn rsyslog_gets_every_alert_over_restarts() {
    let Some(rsyslog) = installed("rsyslogd") else { return };
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let conf = format!(
        "global(workDirectory=\"{home}\" maxMessageSize=\"64k\")\n\
         module(load=\"imuxsock\" sysSock.use=\"off\")\n\
         input(type=\"imuxsock\" socket=\"{home}/log\" ratelimit.interval=\"0\" useSpecialParser=\"on\")\n\
         template(name=\"t\" type=\"string\" string=\"%syslogseverity-text%|%syslogfacility-text%|%programname%|%msg%\\n\")\n\
         action(type=\"omfile\" file=\"{home}/out\" template=\"t\")\n",
        home = home.path().display()
    );
    fs::write(at("conf"), conf).unwrap();
    let start = || {
        let mut command = Command::new(&rsyslog);
        command.arg("-n").arg("-f").arg(at("conf")).arg("-i").arg(at("pid"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = Daemon(command.spawn().unwrap());
        wait("rsyslog listens", || {
            std::os::unix::net::UnixDatagram::unbound().unwrap().connect(at("log")).is_ok()
        });
        daemon
    };
    let lines = || fs::read_to_string(at("out")).unwrap_or_default().lines().count();
    let sink = Syslog::new(at("log"), Protocol::Rfc3164, "h1".to_owned(), TimeZone::UTC);
    let mut sinks = Sinks::new(format(true), vec![Box::new(sink)]);
    for round in 1..=3 {
        let daemon = start();
        (0..100).for_each(|_| sinks.deliver(&alert()));
        wait("all lines are written", || lines() == round * 100);
        drop(daemon);
        // It leaves its socket behind when it is killed, and its number.
        fs::remove_file(at("log")).unwrap_or_default();
        fs::remove_file(at("pid")).unwrap_or_default();
    }
    let text = fs::read_to_string(at("out")).unwrap();
    let line = text.lines().next().unwrap();
    let (head, message) = line.split_once("| ").unwrap();
    assert!(head.starts_with("info|user|"), "{head}");
    assert_eq!(message, body(&format(true), &alert()));
    let (delivered, failed) = (sinks.counts()[0].delivered, sinks.counts()[0].failed);
    println!("rsyslog: 300 sent, {delivered} delivered, {failed} failed, {} written, 2 restarts", lines());
}

#[test]
fn logrotate_loses_no_line() {
    let Some(logrotate) = installed("logrotate") else { return };
    for way in ["create", "copytruncate"] {
        let home = tempfile::tempdir().unwrap();
        let (path, conf) = (home.path().join("alerts"), home.path().join("conf"));
        let rule = format!("{} {{\n  rotate 9\n  {way}\n  missingok\n}}\n", path.display());
        fs::write(&conf, rule).unwrap();
        // logrotate refuses anything else.
        fs::set_permissions(&conf, fs::Permissions::from_mode(0o644)).unwrap();
        let file = FileSink::new(path.clone(), true, false).unwrap();
        let mut sinks = Sinks::new(format(true), vec![Box::new(file)]);
        for _ in 0..4 {
            (0..25).for_each(|_| sinks.deliver(&alert()));
            let mut command = Command::new(&logrotate);
            command.arg("-f").arg("-s").arg(home.path().join("state")).arg(&conf);
            assert!(command.status().unwrap().success(), "{way}");
        }
        (0..25).for_each(|_| sinks.deliver(&alert()));
        let files = ["alerts", "alerts.1", "alerts.2", "alerts.3", "alerts.4"];
        let lines = files.map(|name| {
            let text = fs::read_to_string(home.path().join(name)).unwrap();
            assert!(text.lines().all(|line| line == body(&format(true), &alert())), "{way}: {name}");
            text.lines().count()
        });
        assert_eq!(lines, [25; 5], "{way}");
        println!("logrotate {way}: 125 sent, {} written over 4 rotations", lines.iter().sum::<usize>());
    }
}
