//! Files as hosts have them.

use super::{Accounts, groups, users};

#[test]
fn a_passwd() {
    let found = users(
        b"root:x:0:0:root:/root:/bin/bash\n\
          toor:x:0:0:second:/elsewhere:/bin/sh\n\
          daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\r\n\
          +nis:x:2:2::/a:/b\n-bad:x:3:3::/a:/b\n# x:x:4:4::/a:/b\n+::::::\n\n\
          short:x:5\nnoid:x:x:5::/a:/b\nhuge:x:4294967296:5::/a:/b\n\
          noshell:x:6:6::/home/n\n\
          caf\xe9:x:7:7::/home/c:/bin/sh\n\
          last:x:4294967294:8::/nonexistent:",
        100,
    );
    let mut lines: Vec<String> =
        found.iter().map(|(uid, user)| format!("{uid} {} {} {}", user.name, user.home, user.shell)).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "0 root /root /bin/bash",
            "1 daemon /usr/sbin /usr/sbin/nologin",
            "4294967294 last /nonexistent ",
            "6 noshell /home/n ",
            "7 caf\u{fffd} /home/c /bin/sh",
        ]
    );
}

#[test]
fn a_group() {
    let found = groups(b"root:x:0:\nadm:x:4:syslog,me\n+:::\nbroken\ntwice:x:4:\nempty:x::\n", 100);
    let mut lines: Vec<String> = found.iter().map(|(gid, name)| format!("{gid} {name}")).collect();
    lines.sort();
    assert_eq!(lines, ["0 root", "4 adm"]);
}

#[test]
fn no_more_than_the_limit() {
    let text: Vec<_> = (0..100).map(|id| format!("n{id}:x:{id}:0::/:\n")).collect();
    let text = text.concat();
    let found = Accounts::parse(text.as_bytes(), text.as_bytes(), 7);
    assert_eq!((found.users.len(), found.groups.len()), (7, 7));
    assert!(found.size() > 14 * size_of::<String>(), "{}", found.size());
}
