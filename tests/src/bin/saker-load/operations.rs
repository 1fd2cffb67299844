//! The kinds of operations.
#![expect(clippy::unnecessary_wraps, reason = "every kind is made by a function of one type")]

use std::{
    env, fs,
    fs::File,
    io::{self, Read},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Command, Stdio},
    time::Duration,
};

use rustix::{net::sockopt::set_socket_linger, process::getpid};

/// One operation, to be called again and again.
pub(crate) type Operation = Box<dyn FnMut() -> io::Result<()>>;

/// A row of [`KINDS`].
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Operations between two looks at the clock.
    pub(crate) batch: u64,
    pub(crate) make: fn(&Place) -> io::Result<Operation>,
}

/// Every kind.
pub(crate) const KINDS: [Kind; 6] = [
    Kind { name: "getpid", batch: 1000, make: |_| Ok(Box::new(|| Ok(_ = getpid()))) },
    Kind { name: "open", batch: 200, make: open },
    Kind { name: "failed-open", batch: 200, make: failed_open },
    Kind { name: "read", batch: 500, make: read },
    Kind { name: "connect", batch: 20, make: connect },
    Kind { name: "exec", batch: 1, make: exec },
];

/// What the operations work on; removed at the end.
pub(crate) struct Place {
    file: PathBuf,
}

impl Place {
    /// A file.
    pub(crate) fn make() -> io::Result<Self> {
        let file = env::temp_dir().join(format!("saker-load-{}", process::id()));
        fs::write(&file, "content")?;
        Ok(Self { file })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It lies in the directory of temporary files: one that stays harms nobody.
        drop(fs::remove_file(&self.file));
    }
}

fn open(place: &Place) -> io::Result<Operation> {
    let file = place.file.clone();
    Ok(Box::new(move || File::open(&file).map(drop)))
}

fn failed_open(_: &Place) -> io::Result<Operation> {
    Ok(Box::new(|| match File::open("/saker-load-no-such-directory/x") {
        Ok(_) => Err(io::Error::other("a file that should not be there")),
        Err(_) => Ok(()),
    }))
}

fn read(_: &Place) -> io::Result<Operation> {
    let mut zeros = File::open("/dev/zero")?;
    Ok(Box::new(move || zeros.read_exact(&mut [0])))
}

/// Both ends in one thread: another one's scheduling would be measured too, and a server that lags loses connections.
fn connect(_: &Place) -> io::Result<Operation> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    Ok(Box::new(move || {
        let stream = TcpStream::connect(address)?;
        let _accepted = listener.accept()?;
        // A reset instead of a farewell: no thousands of connections that wait for their time-out.
        Ok(set_socket_linger(&stream, Some(Duration::ZERO))?)
    }))
}

fn exec(_: &Place) -> io::Result<Operation> {
    Ok(Box::new(|| {
        let mut command = Command::new("/bin/true");
        command.env_clear().stdin(Stdio::null()).status().map(drop)
    }))
}
