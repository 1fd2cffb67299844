//! Names of well-known ports. Rules are compiled without I/O, so /etc/services is not read.

/// The port of a service.
pub(super) fn port(name: &str) -> Option<u16> {
    SERVICES.iter().find(|(known, _)| *known == name).map(|(_, port)| *port)
}

/// As IANA assigns them.
static SERVICES: &[(&str, u16)] = &[
    ("echo", 7), ("discard", 9), ("daytime", 13), ("chargen", 19), ("ftp-data", 20), ("ftp", 21), ("ssh", 22),
    ("telnet", 23), ("smtp", 25), ("time", 37), ("whois", 43), ("tacacs", 49), ("domain", 53), ("bootps", 67),
    ("bootpc", 68), ("tftp", 69), ("gopher", 70), ("finger", 79), ("http", 80), ("kerberos", 88), ("pop3", 110),
    ("sunrpc", 111), ("auth", 113), ("nntp", 119), ("ntp", 123), ("netbios-ns", 137), ("netbios-dgm", 138),
    ("netbios-ssn", 139), ("imap2", 143), ("snmp", 161), ("snmp-trap", 162), ("bgp", 179), ("irc", 194),
    ("ldap", 389), ("https", 443), ("microsoft-ds", 445), ("kpasswd", 464), ("submissions", 465), ("isakmp", 500),
    ("exec", 512), ("login", 513), ("shell", 514), ("syslog", 514), ("printer", 515), ("submission", 587),
    ("ipp", 631), ("ldaps", 636), ("domain-s", 853), ("rsync", 873), ("ftps-data", 989), ("ftps", 990),
    ("telnets", 992), ("imaps", 993), ("pop3s", 995), ("socks", 1080), ("openvpn", 1194), ("ms-sql-s", 1433),
    ("ms-sql-m", 1434), ("radius", 1812), ("radius-acct", 1813), ("nfs", 2049), ("mysql", 3306),
    ("ms-wbt-server", 3389), ("svn", 3690), ("postgresql", 5432), ("amqp", 5672), ("amqps", 5671), ("sip", 5060),
    ("sip-tls", 5061), ("xmpp-client", 5222), ("xmpp-server", 5269), ("x11", 6000), ("http-alt", 8080),
];
