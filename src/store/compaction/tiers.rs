//! Which small files it pays to merge after a run.
//!
//! Enters: partitions and sizes of the small files of a table. Leaves: which of them are to be merged,
//! each partition's into one. Merging whenever a run has added a file would write every byte again in
//! every run; never merging would leave a file for every run. So files are merged when there are some
//! too many, and a file takes part only if the others together are about as large: what is written
//! again grows by half each time, and a byte is written again as often as the logarithm of its table's
//! size says.

use std::collections::BTreeMap;

/// Files of a partition that are never too many.
const FILES_KEPT: usize = 2;
/// Files beyond these, in all partitions of a table together, at which they are merged.
const EXCESS_MAX: usize = 16;
/// What a merge leaves of them.
const EXCESS_LEFT_MAX: usize = 8;
/// A file takes part if it is at most this many times as large as all smaller ones together.
const GROWTH: u64 = 2;

/// A small file.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Small<'a> {
    pub(in crate::store) partition: Option<&'a str>,
    pub(in crate::store) bytes: u64,
}

/// The files of one partition, the smallest first, the first `merged` of which become one.
struct PartitionFiles {
    files: Vec<(u64, usize)>,
    merged: usize,
}

impl PartitionFiles {
    /// Files beyond those kept, after the merge.
    fn excess(&self) -> usize {
        let left = self.files.len() - self.merged + usize::from(self.merged > 0);
        left.saturating_sub(FILES_KEPT)
    }

    /// Bytes that merging all would write for each file that it saves.
    fn price(&self) -> u64 {
        let bytes: u64 = self.files.iter().map(|(bytes, _)| bytes).sum();
        bytes / (self.excess() as u64).max(1)
    }
}

/// For each file, whether it is to be merged with the others of its partition.
pub(in crate::store) fn due(files: &[Small<'_>]) -> Vec<bool> {
    let mut partitions: BTreeMap<Option<&str>, PartitionFiles> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        let partition = partitions.entry(file.partition).or_insert(PartitionFiles {
            files: Vec::new(),
            merged: 0,
        });
        partition.files.push((file.bytes, number));
    }
    let mut is_due = vec![false; files.len()];
    if excess(&partitions) < EXCESS_MAX {
        return is_due;
    }
    for partition in partitions.values_mut() {
        partition.files.sort_unstable();
        if partition.excess() > 0 {
            partition.merged = alike(&partition.files);
        }
    }
    while excess(&partitions) > EXCESS_LEFT_MAX {
        let crowded = partitions.values_mut().filter(|each| each.excess() > 0);
        let Some(cheapest) = crowded.min_by_key(|each| each.price()) else {
            break;
        };
        cheapest.merged = cheapest.files.len();
    }
    for partition in partitions.values() {
        for (_bytes, number) in &partition.files[..partition.merged] {
            is_due[*number] = true;
        }
    }
    is_due
}

fn excess(partitions: &BTreeMap<Option<&str>, PartitionFiles>) -> usize {
    partitions.values().map(PartitionFiles::excess).sum()
}

/// How many of the files, the smallest first, are alike enough to be merged.
fn alike(files: &[(u64, usize)]) -> usize {
    let mut count = 0;
    let mut bytes = 0;
    for (index, (size, _)) in files.iter().enumerate() {
        if index > 0 && *size <= GROWTH * bytes {
            count = index + 1;
        }
        bytes += size;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table in memory: sizes by partition.
    #[derive(Default)]
    struct TableDouble {
        files: Vec<(String, u64)>,
        written: u64,
    }

    impl TableDouble {
        fn run(&mut self, partitions: &[String], bytes: u64) {
            for partition in partitions {
                self.files.push((partition.clone(), bytes));
                self.written += bytes;
            }
            let small: Vec<Small<'_>> = self
                .files
                .iter()
                .map(|(partition, bytes)| Small {
                    partition: Some(partition),
                    bytes: *bytes,
                })
                .collect();
            let is_due = due(&small);
            let mut merged: BTreeMap<String, u64> = BTreeMap::new();
            let mut kept = Vec::new();
            for (file, is_due) in self.files.drain(..).zip(is_due) {
                if is_due {
                    *merged.entry(file.0).or_default() += file.1;
                } else {
                    kept.push(file);
                }
            }
            self.written += merged.values().sum::<u64>();
            self.files = kept;
            self.files.extend(merged);
        }

        fn partitions(&self) -> usize {
            let mut names: Vec<&str> = self.files.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        }

        fn assert_few(&self, hint: usize) {
            let bound = FILES_KEPT * self.partitions() + EXCESS_MAX;
            assert!(
                self.files.len() < bound,
                "run {hint}: {} files",
                self.files.len()
            );
        }
    }

    #[test]
    fn a_thousand_small_runs_leave_few_files_and_write_little_twice() {
        let mut table = TableDouble::default();
        for run in 0..1000 {
            // A month takes eighty runs; the first days of one also bring events of the one before.
            let month = run / 80;
            let mut months = vec![format!("{month:02}")];
            if run % 80 < 10 && month > 0 {
                months.push(format!("{:02}", month - 1));
            }
            table.run(&months, 10_000 + (run as u64 * 7919) % 5000);
            table.assert_few(run);
        }
        let held: u64 = table.files.iter().map(|(_, bytes)| bytes).sum();
        assert!(table.written < 8 * held, "{} for {held}", table.written);
    }

    #[test]
    fn one_growing_partition_is_not_written_again_each_time() {
        let mut table = TableDouble::default();
        let all = ["all".to_owned()];
        let mut costs = Vec::new();
        for run in 0..10_000 {
            let before = table.written;
            table.run(&all, 1000);
            table.assert_few(run);
            costs.push(table.written - before);
        }
        let held = 10_000 * 1000;
        assert!(table.written < 12 * held, "{} for {held}", table.written);
        // Most runs merge nothing.
        let merging = costs.iter().filter(|cost| **cost > 1000).count();
        assert!(merging < 10_000 / 8, "{merging}");
    }

    #[test]
    fn late_events_of_every_month_leave_few_files() {
        let mut table = TableDouble::default();
        let months: Vec<String> = (0..24).map(|month| format!("{month:02}")).collect();
        for run in 0..300 {
            table.run(&months, 1000);
            table.assert_few(run);
        }
    }

    #[test]
    fn few_files_are_left_alone() {
        let small = |partition, bytes| Small {
            partition: Some(partition),
            bytes,
        };
        let files: Vec<Small<'_>> = (0..17).map(|_| small("a", 100)).collect();
        assert!(due(&files).iter().all(|is_due| !is_due));
        let files: Vec<Small<'_>> = (0..18).map(|_| small("a", 100)).collect();
        assert!(due(&files).iter().all(|is_due| *is_due));
        assert_eq!(due(&[]), Vec::<bool>::new());
    }

    #[test]
    fn a_large_file_waits_until_the_others_have_grown() {
        let mut sizes = vec![10; 18];
        sizes.extend([1000, 1100]);
        let files: Vec<Small<'_>> = sizes
            .iter()
            .map(|&bytes| Small {
                partition: None,
                bytes,
            })
            .collect();
        // 1,100 is no more than twice all that is smaller, so both take part.
        assert!(due(&files).iter().all(|is_due| *is_due));
        let is_due = due(&files[..19]);
        assert!(is_due[..18].iter().all(|is_due| *is_due) && !is_due[18]);
    }
}
