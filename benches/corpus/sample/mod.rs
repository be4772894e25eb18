//! Mode `sample`: the small curated tree that lies in `sample-logs/`, with its README and its known answers.

mod answers;
mod callers;
mod cast;
mod files;
mod key_answers;
mod lives;
mod oddities;
mod others;
mod readme;
mod stage;
mod trail;
mod uses;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::corpus::json::Json;
use crate::corpus::shelf::{Object, Written, start, write_below};
use answers::Shelved;
use stage::Stage;

/// Writes the tree, the answers and the README below `root`; says what was written.
pub(crate) fn write(root: &Path, seed: u64) -> io::Result<String> {
    start(root)?;
    let mut stage = Stage::new(seed);
    stage.fill();
    lives::plant(&mut stage);
    callers::plant(&mut stage);
    trail::plant(&mut stage);
    oddities::plant(&mut stage);
    files::plant(&mut stage);
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
