//! Records, by table and row; medians and spread, and ratios within rounds.

use crate::rounds::Record;

/// A median and how far it strayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] };
        Some(Self { median, least, most })
    }

    /// As it is written: with so many decimals.
    pub(super) fn shown(self, decimals: usize) -> String {
        let Self { median, least, most } = self;
        match least == most {
            true => format!("{median:.decimals$}"),
            false => format!("{median:.decimals$} ({least:.decimals$}-{most:.decimals$})"),
        }
    }
}

pub(super) struct Figures<'a> {
    records: &'a [Record],
}

impl<'a> Figures<'a> {
    pub(super) fn new(records: &'a [Record]) -> Self {
        Self { records }
    }

    fn of(&self, table: &str, row: &str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.table == table && record.row == row)
    }

    pub(super) fn has(&self, table: &str) -> bool {
        self.records.iter().any(|record| record.table == table)
    }

    /// The rows of a table, in the order in which they first came.
    pub(super) fn rows(&self, table: &str) -> Vec<&'a str> {
        let mut rows = Vec::new();
        for record in self.records.iter().filter(|record| record.table == table) {
            if !rows.contains(&record.row.as_str()) {
                rows.push(record.row.as_str());
            }
        }
        rows
    }

    pub(super) fn spread(&self, table: &str, row: &str, measure: &str) -> Option<Spread> {
        Spread::of(self.of(table, row).filter_map(|record| record.measures.get(measure).copied()).collect())
    }

    pub(super) fn median(&self, table: &str, row: &str, measure: &str) -> Option<f64> {
        self.spread(table, row, measure).map(|spread| spread.median)
    }

    /// A row's measure over another row's, both of the same round.
    pub(super) fn ratio(&self, table: &str, row: &str, over: &str, measure: &str) -> Option<Spread> {
        let of = |row: &str, round: usize| {
            self.of(table, row).find(|record| record.round == round).and_then(|record| record.measures.get(measure))
        };
        let rounds = self.of(table, row).map(|record| record.round);
        Spread::of(rounds.filter_map(|round| Some(of(row, round)? / of(over, round)?)).collect())
    }

    /// Of these rows the one with the least median.
    pub(super) fn least(&self, table: &str, rows: &[&'static str], measure: &str) -> Option<&'static str> {
        let mut known: Vec<(f64, &'static str)> =
            rows.iter().filter_map(|row| Some((self.median(table, row, measure)?, *row))).collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        known.first().map(|(_, row)| *row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(row: &str, round: usize, cpu: f64) -> Record {
        Record { table: "S1".into(), row: row.into(), round, measures: [("cpu".to_owned(), cpu)].into() }
    }

    #[test]
    fn ratios_are_made_within_rounds() {
        let records = [record("a", 0, 2.0), record("b", 0, 1.0), record("a", 1, 30.0), record("b", 1, 10.0)];
        let figures = Figures::new(&records);
        let ratio = figures.ratio("S1", "a", "b", "cpu");
        assert_eq!(ratio, Some(Spread { median: 2.5, least: 2.0, most: 3.0 }));
        assert_eq!(figures.least("S1", &["a", "b", "c"], "cpu"), Some("b"));
        assert_eq!(figures.spread("S1", "a", "cpu").map(|spread| spread.shown(1)), Some("16.0 (2.0-30.0)".into()));
    }
}
