//! The measure that ingest is held against: libdeflate inflates every gzip under a folder, and nothing else.
//!
//! In: a folder and a number of threads. Out: one line of JSON with counts, bytes and seconds. Each thread reads and
//! inflates whole objects into buffers that it keeps, so that neither an allocation nor a copy stands in its way.
//! `--walk` stops after the listing, `--sha256` hashes what was inflated. It shares no code with keytrail.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;
use libdeflater::Decompressor;
use sha2::{Digest as _, Sha256};

/// Inflates every `*.gz` under a folder, and says how long that took.
#[derive(Parser)]
#[command(name = "inflate")]
struct Arguments {
    /// Folder, searched to any depth.
    folder: PathBuf,
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Only list the objects, with their sizes.
    #[arg(long, conflicts_with = "sha256")]
    walk: bool,
    /// Also take the SHA-256 of what each object holds.
    #[arg(long)]
    sha256: bool,
}

/// One object as listed.
struct Object {
    path: PathBuf,
    gzip_bytes: usize,
}

/// What a thread has done.
#[derive(Default)]
struct Done {
    text_bytes: u64,
    /// All hashes, folded, so that none can be left out as unused.
    hash: u64,
}

/// A thread's buffers; they only grow.
struct Buffers {
    inflater: Decompressor,
    gzip: Vec<u8>,
    text: Vec<u8>,
}

fn main() -> ExitCode {
    let told = measure(&Arguments::parse())
        .and_then(|line| io::stdout().lock().write_all(line.as_bytes()));
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => io::stderr()
            .lock()
            .write_all(format!("error: {error}\n").as_bytes())
            .map_or(ExitCode::from(3), |()| ExitCode::from(2)),
    }
}

fn measure(arguments: &Arguments) -> io::Result<String> {
    let start = Instant::now();
    let mut objects = Vec::new();
    list(&arguments.folder, &mut objects)?;
    let done = if arguments.walk {
        Done::default()
    } else {
        inflate_all(&objects, arguments)?
    };
    let gzip_bytes: usize = objects.iter().map(|object| object.gzip_bytes).sum();
    Ok(format!(
        "{{\"objects\": {}, \"gzip_bytes\": {gzip_bytes}, \"text_bytes\": {}, \"hash\": \"{:016x}\", \"seconds\": {:.6}}}\n",
        objects.len(),
        done.text_bytes,
        done.hash,
        start.elapsed().as_secs_f64(),
    ))
}

/// Adds the objects of a folder and of those in it.
fn list(folder: &Path, objects: &mut Vec<Object>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list(&path, objects)?;
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            let bytes = entry.metadata()?.len();
            objects.push(Object {
                path,
                gzip_bytes: usize::try_from(bytes).map_err(io::Error::other)?,
            });
        }
    }
    Ok(())
}

/// Threads take objects from one counter.
fn inflate_all(objects: &[Object], arguments: &Arguments) -> io::Result<Done> {
    let next = AtomicUsize::new(0);
    let work = || -> io::Result<Done> {
        let mut done = Done::default();
        let mut buffers = Buffers {
            inflater: Decompressor::new(),
            gzip: Vec::new(),
            text: Vec::new(),
        };
        while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
            let text = buffers.inflate(object)?;
            done.text_bytes += text.len() as u64;
            if arguments.sha256 {
                let hash = Sha256::digest(text);
                let head = hash
                    .first_chunk::<8>()
                    .map_or(0, |head| u64::from_be_bytes(*head));
                done.hash ^= head;
            }
        }
        Ok(done)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.threads).map(|_| scope.spawn(work)).collect();
        let mut sum = Done::default();
        for worker in workers {
            let done = worker
                .join()
                .map_err(|_panic| io::Error::other("a thread stopped"))??;
            sum.text_bytes += done.text_bytes;
            sum.hash ^= done.hash;
        }
        Ok(sum)
    })
}

impl Buffers {
    /// The text of an object of one gzip member, as the generator writes them.
    fn inflate(&mut self, object: &Object) -> io::Result<&[u8]> {
        grow(&mut self.gzip, object.gzip_bytes);
        let gzip = &mut self.gzip[..object.gzip_bytes];
        File::open(&object.path)?.read_exact(gzip)?;
        let size = gzip
            .last_chunk::<4>()
            .map_or(0, |size| u32::from_le_bytes(*size)) as usize;
        grow(&mut self.text, size);
        let text = &mut self.text[..size];
        match self.inflater.gzip_decompress(gzip, text) {
            Ok(inflated) if inflated == size => Ok(text),
            Ok(_) => Err(refused(object, "its size is not what its end says")),
            Err(error) => Err(refused(object, &error.to_string())),
        }
    }
}

fn grow(buffer: &mut Vec<u8>, bytes: usize) {
    if buffer.len() < bytes {
        buffer.resize(bytes, 0);
    }
}

fn refused(object: &Object, why: &str) -> io::Error {
    io::Error::other(format!("{}: {why}", object.path.display()))
}
