//! What is printed at the end.

use std::{fmt::Write, time::Duration};

use super::{
    budget::{Budget, thousands},
    load::{Errors, Measured},
};

/// A result that is one figure.
#[derive(Clone, Debug)]
struct Figure {
    what: String,
    value: String,
    budget: Option<Budget>,
}

/// A result of many requests.
#[derive(Clone, Debug)]
struct Requests {
    what: String,
    load: String,
    per_second: f64,
    p50: Option<Duration>,
    p99: Option<Duration>,
    cpu_each: Option<Duration>,
    errors: u64,
    budget: Option<Budget>,
}

/// All results.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    circumstances: Vec<String>,
    figures: Vec<Figure>,
    requests: Vec<Requests>,
    problems: Vec<String>,
}

impl Report {
    /// Nothing is measured yet.
    pub(crate) const fn new(circumstances: Vec<String>) -> Self {
        Self { circumstances, figures: Vec::new(), requests: Vec::new(), problems: Vec::new() }
    }

    /// Something else that figures depend on.
    pub(crate) fn circumstance(&mut self, what: String) {
        self.circumstances.push(what);
    }

    /// A result that is one figure.
    pub(crate) fn figure(&mut self, what: &str, value: String, budget: Option<Budget>) {
        self.figures.push(Figure { what: what.into(), value, budget });
    }

    /// A result of many requests.
    pub(crate) fn requests(&mut self, what: &str, load: String, measured: &Measured, budget: Option<Budget>) {
        self.problem_of(what, &measured.errors);
        self.requests.push(Requests {
            what: what.into(),
            load,
            per_second: measured.per_second(),
            p50: measured.latencies.percentile(50),
            p99: measured.latencies.percentile(99),
            cpu_each: (measured.cpu > Duration::ZERO).then(|| measured.cpu_each()),
            errors: measured.errors.count,
            budget,
        });
    }

    /// Something does not work.
    pub(crate) fn problem(&mut self, what: &str, why: &str) {
        self.problems.push(format!("{what}: {why}"));
    }

    /// Some answers were no success.
    pub(crate) fn problem_of(&mut self, what: &str, errors: &Errors) {
        if let Some(first) = &errors.first {
            let count = thousands(errors.count.into());
            self.problem(what, &format!("{count} answers were no success; the first: {first}"));
        }
    }

    /// How many things do not work.
    pub(crate) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let rule = |widths: &[usize]| widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>().join("──");
        self.print("", |row| row.join("  ").trim_end().to_owned(), rule)
    }

    /// For a document.
    pub(crate) fn markdown(&self) -> String {
        let row = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let rule = |widths: &[usize]| {
            let cells: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
            format!("| {} |", cells.join(" | "))
        };
        self.print("- ", row, rule)
    }

    fn print(&self, item: &str, row: impl Fn(&[String]) -> String, rule: impl Fn(&[usize]) -> String) -> String {
        let mut text = String::new();
        let mut line = |line: &str| writeln!(text, "{line}").expect("a string takes everything");
        for circumstance in &self.circumstances {
            line(&format!("{item}{circumstance}"));
        }
        for table in [self.figures(), self.loads()].into_iter().filter(|table| table.len() > 1) {
            line("");
            let widths = widths(&table);
            for (at, cells) in table.iter().enumerate() {
                let cells: Vec<_> = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
                line(&row(&cells));
                if at == 0 {
                    line(&rule(&widths));
                }
            }
        }
        if !self.problems.is_empty() {
            line("");
            line("What did not work:");
        }
        for problem in &self.problems {
            line(&format!("{item}{problem}"));
        }
        text
    }

    fn figures(&self) -> Vec<Vec<String>> {
        let head = ["what", "figure", "budget", "met"].map(String::from).to_vec();
        let rows = self.figures.iter().map(|figure| {
            let [budget, met] = promise(figure.budget.as_ref());
            vec![figure.what.clone(), figure.value.clone(), budget, met]
        });
        std::iter::once(head).chain(rows).collect()
    }

    fn loads(&self) -> Vec<Vec<String>> {
        let head = ["what", "load", "answers/s", "p50 ms", "p99 ms", "CPU µs", "errors", "budget", "met"];
        let rows = self.requests.iter().map(|requests| {
            let [budget, met] = promise(requests.budget.as_ref());
            vec![
                requests.what.clone(),
                requests.load.clone(),
                thousands(requests.per_second.round() as u128),
                requests.p50.map_or_else(String::new, millis),
                requests.p99.map_or_else(String::new, millis),
                requests.cpu_each.map_or_else(String::new, |each| thousands(each.as_micros())),
                thousands(requests.errors.into()),
                budget,
                met,
            ]
        });
        std::iter::once(head.map(String::from).to_vec()).chain(rows).collect()
    }
}

fn promise(budget: Option<&Budget>) -> [String; 2] {
    match budget {
        Some(budget) => [budget.text.clone(), if budget.met { "yes" } else { "no" }.into()],
        None => [String::new(), String::new()],
    }
}

fn widths(table: &[Vec<String>]) -> Vec<usize> {
    let columns = table.first().map_or(0, Vec::len);
    (0..columns).map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect()
}

/// Milliseconds with as many decimals as say something.
pub(crate) fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    match millis {
        ..10.0 => format!("{millis:.2}"),
        ..100.0 => format!("{millis:.1}"),
        _ => thousands(millis.round() as u128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::latency::Latencies;

    fn report() -> Report {
        let mut report = Report::new(vec!["a machine".into()]);
        let below = Budget::below(Duration::from_millis(500), Duration::from_millis(312));
        report.figure("cold start", "312 ms".into(), Some(below));
        let mut errors = Errors::default();
        errors.push("503 busy".into());
        let latencies = (1..=100).map(Duration::from_millis).collect::<Latencies>();
        let measured =
            Measured { answers: 5000, elapsed: Duration::from_secs(2), cpu: Duration::from_secs(1), latencies, errors };
        let budget = Budget::cpu(Duration::from_micros(120), measured.cpu_each());
        report.requests("product", "16 connections".into(), &measured, Some(budget));
        report
    }

    #[test]
    fn a_terminal_gets_columns() {
        let text = "\
a machine

what        figure  budget    met
─────────────────────────────────
cold start  312 ms  < 500 ms  yes

what     load            answers/s  p50 ms  p99 ms  CPU µs  errors  budget        met
─────────────────────────────────────────────────────────────────────────────────────
product  16 connections  2,500      50.0    99.0    200     1       CPU ≤ 120 µs  no

What did not work:
product: 1 answers were no success; the first: 503 busy
";
        assert_eq!(report().text(), text);
        assert_eq!(report().problems(), 1);
    }

    #[test]
    fn a_document_gets_tables() {
        let markdown = report().markdown();
        assert!(
            markdown.starts_with("- a machine\n\n| what       | figure | budget   | met |\n| ---------- |"),
            "{markdown}"
        );
    }

    #[test]
    fn what_was_not_measured_is_no_table() {
        assert_eq!(Report::new(vec!["a machine".into()]).text(), "a machine\n");
    }

    #[test]
    fn milliseconds_have_the_decimals_that_matter() {
        let of = |micros| millis(Duration::from_micros(micros));
        assert_eq!([of(123), of(45_678), of(1_234_567)], ["0.12", "45.7", "1,235"]);
    }
}
