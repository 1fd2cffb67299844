//! Writing an alert as Falco's JSON line.

use std::{hint::black_box, time::Instant};

use sensor_agent::{
    border::{Alert, FieldValue, Priority},
    sinks::{Format, Include, TimeZone},
};

const LINES: u32 = 20_000;

/// Time of a line, ns, of `rounds` rounds each.
pub(crate) fn measure(rounds: usize) -> Vec<f64> {
    let (format, alert) = (format(), alert());
    (0..rounds).map(|_| round(&format, &alert)).collect()
}

fn round(format: &Format, alert: &Alert) -> f64 {
    let start = Instant::now();
    for _ in 0..LINES {
        assert!(black_box(format.line(black_box(alert))).is_ok());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(LINES)
}

fn format() -> Format {
    let include = Include::default();
    Format { json: true, iso_time: false, include, hostname: "node-1".to_owned(), zone: TimeZone::UTC }
}

/// What the bundled rule on sensitive files says, in a pod.
fn alert() -> Alert {
    let texts = [
        ("fd.name", "/etc/shadow"),
        ("evt.type", "openat"),
        ("user.name", "root"),
        ("proc.name", "cat"),
        ("proc.exepath", "/usr/bin/cat"),
        ("proc.pname", "bash"),
        ("proc.aname[2]", "containerd-shim"),
        ("proc.cmdline", "cat /etc/shadow"),
        ("container.id", "0123456789ab"),
        ("container.name", "web"),
        ("container.image.repository", "registry.example/team/web"),
        ("container.image.tag", "1.27"),
        ("k8s.ns.name", "production"),
        ("k8s.pod.name", "web-7d9c5b6f4-x2x8k"),
    ];
    let text = |(key, value): (&str, &str)| (key.to_owned(), FieldValue::Text(value.into()));
    let mut fields: Vec<_> = texts.map(text).into();
    fields.extend([
        ("user.uid".to_owned(), FieldValue::I64(0)),
        ("user.loginuid".to_owned(), FieldValue::I64(-1)),
        ("proc.tty".to_owned(), FieldValue::I64(34816)),
    ]);
    let message = "Sensitive file opened for reading by non-trusted program (file=/etc/shadow gparent=containerd-shim \
                   evt_type=openat user=root user_uid=0 user_loginuid=-1 process=cat proc_exepath=/usr/bin/cat \
                   parent=bash command=cat /etc/shadow terminal=34816 container_id=0123456789ab container_name=web \
                   container_image_repository=registry.example/team/web container_image_tag=1.27 \
                   k8s_pod_name=web-7d9c5b6f4-x2x8k k8s_ns_name=production)";
    Alert {
        time_ns: 1_700_000_000_000_000_001,
        rule: "Read sensitive file untrusted".to_owned(),
        priority: Priority::Warning,
        source: "syscall".to_owned(),
        tags: ["T1555", "container", "filesystem", "host", "maturity_stable", "mitre_credential_access"]
            .map(str::to_owned)
            .into(),
        message: message.into(),
        fields,
    }
}
