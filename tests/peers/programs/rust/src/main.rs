// SPDX-License-Identifier: BSL-1.0
// The crate `daemonize`; the pid file it leaves to the program.

use std::sync::atomic::{AtomicBool, Ordering};

static TOLD_TO_END: AtomicBool = AtomicBool::new(false);

extern "C" fn end(_signal: libc::c_int) {
    TOLD_TO_END.store(true, Ordering::SeqCst);
}

fn handle_term() -> std::io::Result<()> {
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = end as extern "C" fn(libc::c_int) as usize;
    match unsafe { libc::sigaction(libc::SIGTERM, &action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

// See tell_ready.h.
fn tell_ready() {
    if let Ok(path) = std::env::var("PEER_READY") {
        if let Ok(mut fifo) = std::fs::OpenOptions::new().write(true).open(path) {
            let _ = std::io::Write::write_all(&mut fifo, format!("{}\n", std::process::id()).as_bytes());
        }
    }
}

fn main() {
    let _ = std::fs::metadata("/daemon-peers/main-begins"); // the run time's own start is over
    let path = match std::env::args().nth(1) {
        Some(path) => path,
        None => std::process::exit(2),
    };
    let start = daemonize::Daemonize::new().pid_file(&path).working_directory("/").umask(0o022);
    if let Err(error) = start.start() {
        eprintln!("rust-daemonize: {}", error);
        std::process::exit(1);
    }
    if handle_term().is_err() {
        let _ = std::fs::remove_file(&path);
        std::process::exit(1);
    }
    tell_ready();
    while !TOLD_TO_END.load(Ordering::SeqCst) {
        unsafe { libc::pause() };
    }
    let _ = std::fs::remove_file(&path);
}
