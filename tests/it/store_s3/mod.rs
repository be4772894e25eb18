//! The store in a bucket, through the program: the same answers as on a disk, whatever the server; what is
//! refused; answers that are lost; and how often the bucket is asked.

mod lost;
mod refusals;
mod whole_path;

use std::process::Output;

use crate::context::Context;
use crate::servers::{OWNER, credentials};

/// A store in a bucket, as the words of a command line.
pub(crate) struct Lake<'a> {
    pub(crate) context: &'a Context,
    pub(crate) store: String,
    pub(crate) endpoint_url: String,
    pub(crate) identity: (&'static str, &'static str),
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl<'a> Lake<'a> {
    pub(crate) fn new(context: &'a Context, store: String, endpoint_url: &str) -> Self {
        Self {
            context,
            store,
            endpoint_url: endpoint_url.to_owned(),
            identity: OWNER,
        }
    }

    pub(crate) fn run(&self, words: &[&str]) -> Done {
        let place = [
            "--store",
            &self.store,
            "--store-endpoint-url",
            &self.endpoint_url,
        ];
        let words = [&place, words].concat();
        let mut command = self.context.command(&words);
        command.envs(credentials(self.identity));
        done(command.output().expect("the program runs"))
    }
}

pub(crate) fn done(output: Output) -> Done {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Done {
        code: output.status.code().expect("no signal ended it"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
