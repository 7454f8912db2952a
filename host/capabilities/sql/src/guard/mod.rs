//! Which statements a service may run.
//!
//! A statement is parsed, walked by a checker that knows a closed set of words and refuses all others, and written anew
//! from what was checked. So what a database reads is what was looked at, whatever its own lexer would have made of the
//! original; and what a newer database learns to say stays refused until somebody lets it in here.
//!
//! The set is what both databases have: `SELECT`, `INSERT`, `UPDATE` and `DELETE` over tables of the service's own. Where
//! they spell the same thing differently, it is written in the way of the one that runs ([`Dialect`]).

mod change;
mod expr;
mod lexis;
mod query;
mod schema;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use fondaco_engine::{Code, Fault};
use moka::sync::Cache;
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, TokenWithSpan};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Which database will read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    /// `INSERT` and `UPDATE`: needs room.
    Put,
    Delete,
}

/// A statement that may run.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    /// As it was written anew.
    pub(crate) text: SqlStr,
    pub(crate) effect: Effect,
    /// Parameters that it takes: the highest `$n`.
    pub(crate) parameters: usize,
    /// Whether it answers rows.
    pub(crate) answers: bool,
}

/// Why a statement may not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", place(*at))]
pub(crate) struct Refusal {
    what: String,
    at: Option<Location>,
}

fn place(at: Option<Location>) -> String {
    match at {
        Some(at) if at.line > 0 => format!(" at line {}, column {}", at.line, at.column),
        _ => String::new(),
    }
}

impl Refusal {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), at: None }
    }

    fn at(what: impl Into<String>, at: Location) -> Self {
        Self { what: what.into(), at: Some(at) }
    }

    pub(crate) fn into_fault(self) -> Fault {
        Fault::new(Code::InvalidArgument, "STATEMENT_REFUSED", format!("statement refused: {self}"))
    }
}

type Check = Result<(), Refusal>;

/// Refuses with these words where it holds.
fn never(holds: bool, what: &str) -> Check {
    if holds { Err(Refusal::new(format!("{what} is not allowed"))) } else { Ok(()) }
}

/// Statements that may run, by their texts as services wrote them.
pub(crate) struct Guard {
    dialect: Dialect,
    max_bytes: usize,
    known: Cache<Arc<str>, Arc<Checked>>,
}

/// Texts that are kept, all together.
const CACHE_BYTES: u64 = 32 << 20;

impl Guard {
    pub(crate) fn new(dialect: Dialect, max_bytes: usize) -> Self {
        let weight = |text: &Arc<str>, _: &Arc<Checked>| u32::try_from(text.len() * 2 + 256).unwrap_or(u32::MAX);
        let known = Cache::builder().weigher(weight).max_capacity(CACHE_BYTES).build();
        Self { dialect, max_bytes, known }
    }

    /// The statement as it may run.
    pub(crate) async fn check(&self, statement: &str) -> Result<Arc<Checked>, Fault> {
        if let Some(known) = self.known.get(statement) {
            return Ok(known);
        }
        if statement.len() > self.max_bytes {
            let message =
                format!("the statement has {} bytes; at most {} are allowed", statement.len(), self.max_bytes);
            return Err(Fault::new(Code::InvalidArgument, "STATEMENT_TOO_LONG", message));
        }
        let (text, dialect) = (Arc::<str>::from(statement), self.dialect);
        // A long one takes milliseconds and some stack, of which the caller may have little left.
        let parsed = tokio::task::spawn_blocking({
            let text = Arc::clone(&text);
            move || check_statement(&text, dialect)
        });
        let parsed = parsed.await.map_err(|_| Fault::internal("the check of a statement broke down"))?;
        let checked = Arc::new(parsed.map_err(Refusal::into_fault)?);
        self.known.insert(text, Arc::clone(&checked));
        Ok(checked)
    }
}

/// Checks a statement of a call.
fn check_statement(text: &str, dialect: Dialect) -> Result<Checked, Refusal> {
    // The same grammar for both databases, so that what is refused in one is refused in the other.
    let mut statement = only(parse(text, &PostgreSqlDialect {})?)?;
    let mut checker = Checker::new(dialect);
    let (effect, answers) = checker.statement(&mut statement)?;
    let text = written(&statement, &PostgreSqlDialect {})?;
    Ok(Checked { text: AssertSqlSafe(text).into_sql_str(), effect, parameters: checker.parameters, answers })
}

/// Checks the statements of a migration, and writes them anew.
pub(crate) fn check_migration(text: &str, dialect: Dialect) -> Result<Vec<String>, Refusal> {
    let grammar: &dyn Grammar = match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
    };
    let mut statements = parse(text, grammar)?;
    let mut checker = Checker::new(dialect);
    for statement in &mut statements {
        checker.migration(statement)?;
    }
    never(checker.parameters > 0, "a parameter in a migration")?;
    statements.iter().map(|statement| written(statement, grammar)).collect()
}

fn parse(text: &str, grammar: &dyn Grammar) -> Result<Vec<Statement>, Refusal> {
    let tokens: Vec<TokenWithSpan> = lexis::tokens(text, grammar)?;
    let mut parser = Parser::new(grammar).with_recursion_limit(lexis::MAX_DEPTH).with_tokens_with_locations(tokens);
    parser.parse_statements().map_err(|error| Refusal::new(format!("it cannot be read: {error}")))
}

fn only(statements: Vec<Statement>) -> Result<Statement, Refusal> {
    let found = statements.len();
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Ok(statement),
        _ => Err(Refusal::new(format!("exactly one statement is expected, found {found}"))),
    }
}

/// Writes it anew. What does not read as it was meant is refused: then the writer has a flaw, and its text could mean
/// something that nobody checked.
fn written(statement: &Statement, grammar: &dyn Grammar) -> Result<String, Refusal> {
    let text = statement.to_string();
    match parse(&text, grammar).and_then(only) {
        Ok(again) if again == *statement => Ok(text),
        _ => Err(Refusal::new("it cannot be written without a doubt about its meaning; say it in a simpler way")),
    }
}

/// Walks a statement.
struct Checker {
    dialect: Dialect,
    parameters: usize,
}

impl Checker {
    const fn new(dialect: Dialect) -> Self {
        Self { dialect, parameters: 0 }
    }

    fn statement(&mut self, statement: &mut Statement) -> Result<(Effect, bool), Refusal> {
        match statement {
            Statement::Query(query) => self.outermost(query),
            Statement::Insert(insert) => self.insert(insert).map(|answers| (Effect::Put, answers)),
            Statement::Update(update) => self.update(update).map(|answers| (Effect::Put, answers)),
            Statement::Delete(delete) => self.delete(delete).map(|answers| (Effect::Delete, answers)),
            other => Err(Refusal::new(format!(
                "`{}` is not SELECT, INSERT, UPDATE or DELETE",
                words::first_words(&other.to_string())
            ))),
        }
    }
}
