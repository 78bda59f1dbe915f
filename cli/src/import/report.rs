//! What an import shows while it runs: findings by line, and a bar where somebody watches.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{entry::Finding, tally::thousands};

/// More of them nobody reads.
const SHOWN: usize = 1000;

/// Shows an import on standard error.
pub(crate) struct Report {
    file: String,
    bar: Option<ProgressBar>,
    began: Instant,
    shown: usize,
    passed_over: u64,
}

impl Report {
    /// For a file of `bytes`.
    pub(crate) fn new(file: String, bytes: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {msg}").expect("a valid template");
            ProgressBar::new(bytes).with_style(style)
        });
        Self { file, bar, began: Instant::now(), shown: 0, passed_over: 0 }
    }

    /// How long it has been running.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Shows how far the file is read and how many products are done.
    pub(crate) fn advance(&self, bytes: u64, products: u64) {
        if let Some(bar) = &self.bar {
            let millis = self.elapsed().as_millis().max(1);
            let rate = u64::try_from(u128::from(products) * 1000 / millis).unwrap_or(u64::MAX);
            bar.set_message(format!("{} products, {}/s", thousands(products), thousands(rate)));
            bar.set_position(bytes);
        }
    }

    /// Shows findings in the order of their lines.
    pub(crate) fn findings(&mut self, mut findings: Vec<Finding>) {
        findings.sort_by_key(|finding| finding.line);
        for Finding { line, message } in findings {
            if self.shown < SHOWN {
                self.shown += 1;
                self.say(&format!("{}:{line}: {message}", self.file));
            } else {
                self.passed_over += 1;
            }
        }
    }

    /// Shows a sentence above the bar.
    pub(crate) fn say(&self, sentence: &str) {
        let write = || {
            // Nobody to tell is no reason to stop.
            drop(writeln!(io::stderr(), "{sentence}"));
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away and says how much was not shown.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.passed_over > 0 {
            self.say(&format!("{}: {} findings more are not shown", self.file, thousands(self.passed_over)));
        }
    }
}
