//! Mode `sample`: the small curated tree that lies in `sample-logs/`, with its README and its known answers.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::answers::{self, Shelved};
use crate::json::Json;
use crate::readme;
use crate::shelf::{Object, Written, start, write_below};
use crate::stage::Stage;

/// Writes the tree, the answers and the README below `root`; says what was written.
pub(crate) fn write(root: &Path, seed: u64) -> io::Result<String> {
    start(root)?;
    let mut stage = Stage::new(seed);
    stage.fill();
    crate::lives::plant(&mut stage);
    crate::callers::plant(&mut stage);
    crate::trail::plant(&mut stage);
    crate::oddities::plant(&mut stage);
    crate::files::plant(&mut stage);
    stage.encrypt_deliveries();
    stage.shuffle();
    let names: BTreeMap<String, String> = stage
        .cast
        .keys()
        .map(|key| (key.arn.clone(), key.name.clone()))
        .collect();
    let mut objects = stage.objects;
    objects.sort_by_key(Object::path);
    let written = objects
        .iter()
        .map(|object| object.write(root))
        .collect::<io::Result<Vec<Written>>>()?;
    let shelf: Vec<Shelved<'_>> = objects.iter().zip(&written).collect();
    let answers = answers::all(seed, &shelf, &names);
    write_below(root, "answers.json", answers.pretty().as_bytes())?;
    let counts = answers::counts(&shelf);
    write_below(
        root,
        "README.md",
        readme::text(seed, &counts, &answers).as_bytes(),
    )?;
    Ok(Json::pretty(&counts))
}
