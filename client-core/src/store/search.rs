//! Search in any script, from one character on.
//!
//! Texts are folded (letter case, full and half width) and indexed by every one and two
//! consecutive characters, so Chinese needs no word list, and part of a plate is found as well as
//! its beginning. A query's words are looked up by their pairs and then checked in the text. The
//! query is only ever a parameter: quotes and operators in it mean themselves.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, params};
use yizhan_proto::{DocumentId, Kind};

use super::sql::bytes;
use super::{Hit, Store, StoreError};

/// Characters of one document that are indexed.
const INDEXED_CHARS_MAX: usize = 16 * 1024;
/// Words of a query that are looked at.
const QUERY_WORDS_MAX: usize = 8;
/// Characters of one of them.
const QUERY_CHARS_MAX: usize = 64;
/// Characters shown around the place found, either side.
const EXCERPT_CHARS: usize = 24;

/// What is indexed of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Indexed {
    /// What a hit is called.
    pub(super) title: String,
    /// Its texts, one a line.
    pub(super) text: String,
}

/// Brings the index of a document up to date; only what differs is written.
pub(super) fn write(tx: &Transaction<'_>, n: i64, indexed: &Indexed) -> Result<(), StoreError> {
    let old = stored(tx, n)?.unwrap_or_default();
    let text: String = indexed.text.chars().take(INDEXED_CHARS_MAX).collect();
    let folded = fold(&text);
    let (before, after) = (grams(&old), grams(&folded));
    let mut delete =
        tx.prepare_cached("DELETE FROM search_grams WHERE gram = ?1 AND document = ?2")?;
    for gram in before.difference(&after) {
        delete.execute(params![gram, n])?;
    }
    let mut insert =
        tx.prepare_cached("INSERT OR IGNORE INTO search_grams (gram, document) VALUES (?1, ?2)")?;
    for gram in after.difference(&before) {
        insert.execute(params![gram, n])?;
    }
    if text.is_empty() {
        tx.prepare_cached("DELETE FROM search_texts WHERE document = ?1")?
            .execute([n])?;
    } else {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO search_texts (document, title, text, folded)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![n, indexed.title, text, folded])?;
    }
    Ok(())
}

/// Removes a document from the index.
pub(super) fn remove(tx: &Transaction<'_>, n: i64) -> Result<(), StoreError> {
    write(tx, n, &Indexed::default())
}

fn stored(tx: &Transaction<'_>, n: i64) -> Result<Option<String>, StoreError> {
    Ok(tx
        .prepare_cached("SELECT folded FROM search_texts WHERE document = ?1")?
        .query_row([n], |row| row.get(0))
        .optional()?)
}

/// Character by character, so that places in the folded text are places in the text.
pub(super) fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

fn fold_char(character: char) -> char {
    let narrow = match character {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        other => other,
    };
    let mut lower = narrow.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        // A letter whose small form is several characters stays as it is.
        _ => narrow,
    }
}

/// Every one and two consecutive characters, spaces apart.
fn grams(folded: &str) -> BTreeSet<String> {
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        let mut previous: Option<char> = None;
        for character in word.chars() {
            grams.insert(character.to_string());
            if let Some(previous) = previous {
                grams.insert([previous, character].iter().collect());
            }
            previous = Some(character);
        }
    }
    grams
}

/// The words of a query, folded.
fn words(query: &str) -> Vec<String> {
    fold(query)
        .split_whitespace()
        .take(QUERY_WORDS_MAX)
        .map(|word| word.chars().take(QUERY_CHARS_MAX).collect())
        .collect()
}

/// The grams that a text with all these words must have.
fn needed(words: &[String]) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for word in words {
        let pairs: Vec<String> = grams(word)
            .into_iter()
            .filter(|gram| gram.chars().count() == 2)
            .collect();
        if pairs.is_empty() {
            needed.insert(word.clone());
        }
        needed.extend(pairs);
    }
    needed
}

/// The text around the first place where the first word is.
fn excerpt(text: &str, folded: &str, words: &[String]) -> String {
    let at = words
        .first()
        .and_then(|word| folded.find(word.as_str()))
        .map_or(0, |byte| folded[..byte].chars().count());
    let start = at.saturating_sub(EXCERPT_CHARS);
    let word_chars = words.first().map_or(0, |word| word.chars().count());
    let shown: String = text
        .chars()
        .skip(start)
        .take(at - start + word_chars + EXCERPT_CHARS)
        .collect();
    shown.replace('\n', " · ")
}

impl Store {
    /// Documents whose names, notes or plates hold every word of the query, in any script, from one
    /// character on; letter case and full or half width make no difference. At most `limit`, newest
    /// documents first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<Hit>, StoreError> {
        let words = words(query);
        let needed: Vec<String> = needed(&words).into_iter().collect();
        if needed.is_empty() {
            return Ok(Vec::new());
        }
        // As many placeholders as the query needs: the texts themselves are only ever bound.
        let marks = vec!["?"; needed.len()].join(", ");
        let checks = " AND instr(t.folded, ?) > 0".repeat(words.len());
        let sql = format!(
            "SELECT d.id, d.kind, t.title, t.text, t.folded
             FROM (SELECT document FROM search_grams WHERE gram IN ({marks})
                   GROUP BY document HAVING COUNT(*) = ?) g
             JOIN search_texts t ON t.document = g.document
             JOIN documents d ON d.n = g.document
             WHERE 1{checks} ORDER BY d.id DESC LIMIT ?"
        );
        self.read(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let mut at = 0;
            let mut bind = |statement: &mut rusqlite::Statement<'_>,
                            value: &dyn rusqlite::ToSql| {
                at += 1;
                statement.raw_bind_parameter(at, value)
            };
            for gram in &needed {
                bind(&mut statement, gram)?;
            }
            bind(
                &mut statement,
                &super::sql::int(super::sql::count(needed.len())),
            )?;
            for word in &words {
                bind(&mut statement, word)?;
            }
            bind(&mut statement, &limit)?;
            let mut rows = statement.raw_query();
            let mut hits = Vec::new();
            while let Some(row) = rows.next()? {
                let (text, folded): (String, String) = (row.get(3)?, row.get(4)?);
                hits.push(Hit {
                    document: bytes(row, 0, DocumentId::from_bytes)?,
                    kind: Kind::from_code(row.get(1)?),
                    title: row.get(2)?,
                    excerpt: excerpt(&text, &folded, &words),
                });
            }
            Ok(hits)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_the_number_of_characters() {
        for text in ["苏Ｄ１２３４５", "LI Ming", "İstanbul ẞ", "　"] {
            assert_eq!(fold(text).chars().count(), text.chars().count(), "{text}");
        }
        assert_eq!(fold("苏Ｄ１２"), "苏d12");
    }

    #[test]
    fn one_character_is_looked_up_as_it_is_and_more_by_pairs() {
        assert_eq!(needed(&words("张")), BTreeSet::from(["张".to_owned()]));
        assert_eq!(
            needed(&words("张伟国")),
            BTreeSet::from(["张伟".to_owned(), "伟国".to_owned()])
        );
        assert!(needed(&words("  ")).is_empty());
    }

    #[test]
    fn an_excerpt_shows_the_place() {
        let text = format!("{}张伟国{}", "前".repeat(60), "后".repeat(60));
        let shown = excerpt(&text, &fold(&text), &words("伟国"));
        assert!(shown.contains("张伟国后"), "{shown}");
        assert!(shown.chars().count() <= 2 * EXCERPT_CHARS + 2);
    }
}
