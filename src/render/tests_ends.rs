//! How writing ends: well, by a reader that leaves, by a query that fails; and what is on disk then.

use std::fs;
use std::io::{self, Write};

use futures::executor::block_on;

use super::tests::{batch, sample, stream_of, texts};
use super::*;

/// Takes some bytes, then has no reader.
struct ClosedPipe(usize);

impl Write for ClosedPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn broken_pipe_is_success() {
    #[track_caller]
    fn check(format: Format, bytes: usize) {
        let batches = vec![batch(vec![("n", texts(&[Some("a"), Some("b")]))]); 2];
        let stream = stream_of(batches, None);
        let rows = write_to(stream, format, None, ClosedPipe(bytes), "test".to_owned());
        let rows = block_on(rows).expect("a reader may leave");
        assert!(rows <= 4, "{rows}");
    }
    for bytes in [0, 1, 5, 12] {
        for format in [
            Format::Table,
            Format::Json,
            Format::Ndjson,
            Format::Csv,
            Format::Parquet,
        ] {
            check(format, bytes);
        }
    }
}

#[test]
fn file_appears_only_when_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.csv");
    let write = |failure| {
        let stream = stream_of(vec![batch(sample())], failure);
        block_on(write_stream(
            stream,
            Format::Csv,
            &Destination::File(path.clone()),
        ))
    };
    let files = || fs::read_dir(folder.path()).expect("readable").count();

    let error = write(Some("no memory")).expect_err("the query fails");
    assert_eq!(error.to_string(), "the query failed after 2 rows");
    assert_eq!(files(), 0);

    assert_eq!(write(None).expect("the query ends well"), 2);
    let whole = fs::read_to_string(&path).expect("readable");
    assert_eq!(whole.lines().count(), 3);

    write(Some("no memory")).expect_err("the query fails");
    assert_eq!(fs::read_to_string(&path).expect("readable"), whole);
    assert_eq!(files(), 1);
}

#[test]
fn unfit_destinations_are_refused() {
    #[track_caller]
    fn check(destination: &Destination, expected: &str) {
        let stream = stream_of(vec![batch(sample())], None);
        let result = block_on(write_stream(stream, Format::Parquet, destination));
        let error = result.expect_err("refused").to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let terminal_width = Some(80);
    check(&Destination::Stdout { terminal_width }, "parquet is binary");
    check(
        &Destination::File(folder.path().to_owned()),
        "cannot write to `/",
    );
    check(
        &Destination::File(folder.path().join("no/file")),
        "cannot create `/",
    );
}

#[cfg(unix)]
#[test]
fn devices_links_and_permissions_stay() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let write = |path: &std::path::Path| {
        let stream = stream_of(vec![batch(sample())], None);
        block_on(write_stream(
            stream,
            Format::Csv,
            &Destination::File(path.to_owned()),
        ))
    };
    assert_eq!(write("/dev/null".as_ref()).expect("written"), 2);
    let device = fs::metadata("/dev/null").expect("it is there");
    assert!(device.file_type().is_char_device());

    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").expect("writable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("owned");
    symlink(&file, &link).expect("a link");
    assert_eq!(write(&link).expect("written"), 2);
    assert!(
        fs::symlink_metadata(&link)
            .expect("it is there")
            .is_symlink()
    );
    let metadata = fs::metadata(&file).expect("it is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert!(metadata.len() > 10);
}
