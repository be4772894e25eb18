//! Big trees: the text of each log object, and the objects written by several threads, with their answers.
//!
//! In: sizes. Out: texts, or files as `CloudTrail` delivers them. Threads take objects from one counter.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use libdeflater::{CompressionLvl, Compressor};

use crate::corpus::render::{Place, Record, Source};
use crate::corpus::rng::Rng;
use crate::corpus::shelf::{Object, start, write_below};
use crate::corpus::truth::Truth;
use crate::corpus::world::Sizes;

/// The texts of an object: what the trail logs, and what VPC endpoints log; the second is often empty.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) log: Vec<u8>,
    pub(crate) endpoints: Vec<u8>,
}

/// What a thread packs objects with: buffers that it keeps, and libdeflate, which is several times as fast as zlib.
struct Packer {
    compressor: Compressor,
    gzip: Vec<u8>,
}

/// Writes the tree and its answers below `root`; answers what was counted.
pub(crate) fn write(root: &Path, sizes: Sizes, level: i32, threads: usize) -> io::Result<Truth> {
    start(root)?;
    let level =
        CompressionLvl::new(level).map_err(|_wrong| io::Error::other("no level of gzip"))?;
    let source = Source::new(sizes);
    let next = AtomicU64::new(0);
    let work = || -> io::Result<Truth> {
        let mut truth = Truth::new(&source.world);
        let mut packer = Packer {
            compressor: Compressor::new(level),
            gzip: Vec::new(),
        };
        let mut texts = Texts::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= source.world.objects {
                return Ok(truth);
            }
            texts.fill(&source, number, &mut truth);
            let place = source.place(number);
            write_object(
                root,
                &source,
                &place,
                ("CloudTrail", &texts.log),
                &mut packer,
                &mut truth,
            )?;
            if !texts.endpoints.is_empty() {
                let endpoints = ("CloudTrail-NetworkActivity", &texts.endpoints[..]);
                write_object(root, &source, &place, endpoints, &mut packer, &mut truth)?;
            }
        }
    };
    let mut truth = Truth::new(&source.world);
    thread::scope(|scope| -> io::Result<()> {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            truth.add(worker.join().expect("a worker does not panic")?);
        }
        Ok(())
    })?;
    let answers = truth.answers(&source.world);
    write_below(root, "answers.json", answers.pretty().as_bytes())?;
    Ok(truth)
}

fn write_object(
    root: &Path,
    source: &Source,
    place: &Place<'_>,
    (kind, text): (&'static str, &[u8]),
    packer: &mut Packer,
    truth: &mut Truth,
) -> io::Result<()> {
    let name = format!("object {} {kind}", place.number);
    let suffix = Rng::of(source.world.sizes.seed, &name).object_suffix();
    let stream = place.stream;
    let mut object = Object::log(&stream.account, stream.region, place.delivered(), suffix);
    object.kind = kind;
    let gzip = packer.pack(text)?;
    truth.total("objects", 1);
    truth.total("text_bytes", text.len());
    truth.total("gzip_bytes", gzip.len());
    write_below(root, &object.path(), gzip)
}

impl Packer {
    /// A text as one gzip member.
    fn pack(&mut self, text: &[u8]) -> io::Result<&[u8]> {
        let most = self.compressor.gzip_compress_bound(text.len());
        if self.gzip.len() < most {
            self.gzip.resize(most, 0);
        }
        let len = self
            .compressor
            .gzip_compress(text, &mut self.gzip)
            .map_err(io::Error::other)?;
        Ok(&self.gzip[..len])
    }
}

impl Texts {
    /// The texts of an object, and nothing counted.
    pub(crate) fn of(source: &Source, number: u64) -> Self {
        let mut texts = Self::default();
        texts.fill(source, number, &mut Truth::new(&source.world));
        texts
    }

    /// Makes the texts of an object.
    fn fill(&mut self, source: &Source, number: u64, truth: &mut Truth) {
        let place = source.place(number);
        begin(&mut self.log);
        self.endpoints.clear();
        self.push_calls(source, &place, truth);
        let log = &mut self.log;
        let mut push = |from: &Place<'_>, record, (drawn, mut rng): (_, Rng)| {
            source.push(from, &drawn, record, &mut rng, log);
            log.push(b',');
            if record == Record::Own {
                truth.call(&drawn);
            }
            truth.record(&drawn, record);
        };
        for change in source.changes(&place) {
            push(&place, Record::Own, change);
        }
        if let Some(sharing) = source.sharing(&place) {
            let calls = source.calls(&sharing);
            for call in calls.filter(|(drawn, _)| drawn.template.copy.is_some()) {
                push(&sharing, Record::Copy, call);
            }
        }
        if let Some(before) = source.before(&place) {
            for call in source
                .calls(&before)
                .filter(|(drawn, _)| drawn.is_corrected)
            {
                push(&before, Record::Correction, call);
            }
        }
        truth.total("alias_changes", source.changes(&place).count());
        end(&mut self.log);
        end(&mut self.endpoints);
    }

    /// The calls of the object itself, and records that are delivered once more.
    fn push_calls(&mut self, source: &Source, place: &Place<'_>, truth: &mut Truth) {
        let sizes = &source.world.sizes;
        let mut repeats = Rng::new(sizes.seed ^ place.number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        for (number, (drawn, mut rng)) in (1..).zip(source.calls(place)) {
            source.push(place, &drawn, Record::Own, &mut rng, &mut self.log);
            self.log.push(b',');
            truth.call(&drawn);
            truth.record(&drawn, Record::Own);
            if drawn.is_by_endpoint {
                if self.endpoints.is_empty() {
                    begin(&mut self.endpoints);
                }
                for seen in source.by_endpoint(&drawn) {
                    source.push(place, &seen, Record::Own, &mut rng, &mut self.endpoints);
                    self.endpoints.push(b',');
                    truth.record(&seen, Record::Own);
                    truth.total("endpoint_records", 1);
                }
            }
            if repeats.chance(sizes.duplicates) {
                // A record of the object before, or of this one where it is the first.
                let (from, below) = match source.before(place) {
                    Some(before) => (before, source.world.calls(before.number)),
                    None => (*place, number),
                };
                let (drawn, mut rng) = source.draw(&from, repeats.below(below));
                source.push(&from, &drawn, Record::Own, &mut rng, &mut self.log);
                self.log.push(b',');
                truth.duplicate(&drawn);
            }
        }
    }
}

fn begin(text: &mut Vec<u8>) {
    text.clear();
    text.extend_from_slice(b"{\"Records\":[");
}

/// Closes a text that was begun.
fn end(text: &mut Vec<u8>) {
    if text.last() == Some(&b',') {
        text.pop();
    }
    if !text.is_empty() {
        text.extend_from_slice(b"]}");
    }
}
