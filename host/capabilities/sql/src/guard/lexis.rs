//! The words of a statement, before it is parsed: which there are, and how many.

use sqlparser::dialect::Dialect as Grammar;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::{Check, Refusal};

/// Parentheses, subqueries and the like within each other.
pub(super) const MAX_DEPTH: usize = 48;

/// Operators of a statement. `a OR a OR a …` is a tree as deep as it is long, and a tree is walked by recursion.
const MAX_OPERATORS: usize = 600;

/// The tokens without comments.
pub(super) fn tokens(text: &str, grammar: &dyn Grammar) -> Result<Vec<TokenWithSpan>, Refusal> {
    let tokens = Tokenizer::new(grammar, text).tokenize_with_location();
    let mut tokens = tokens.map_err(|error| Refusal::new(format!("it cannot be read: {error}")))?;
    tokens.retain(|token| !matches!(&token.token, Token::Whitespace(space) if is_comment(space)));
    let mut operators = 0;
    for token in &tokens {
        operators += usize::from(weighs(token)?);
    }
    if operators > MAX_OPERATORS {
        return Err(Refusal::new(format!("it has {operators} operators; at most {MAX_OPERATORS} are allowed")));
    }
    Ok(tokens)
}

fn is_comment(space: &Whitespace) -> bool {
    matches!(space, Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
}

/// Whether it may make the tree deeper without a parenthesis. Tokens that neither database needs are refused.
fn weighs(token: &TokenWithSpan) -> Result<bool, Refusal> {
    match &token.token {
        Token::Word(word) => match word.quote_style {
            None => Ok(is_operator(&word.value)),
            Some('"') => Ok(false),
            Some(_) => refused(token, "this way of quoting a name; use double quotes"),
        },
        Token::SingleQuotedString(text) => literal(token, text).map(|()| false),
        Token::Number(_, false)
        | Token::Comma
        | Token::Whitespace(_)
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::SemiColon
        | Token::EOF => Ok(false),
        Token::Placeholder(name) if name.starts_with('$') => Ok(false),
        Token::Placeholder(_) => refused(token, "this kind of parameter; write $1, $2, …"),
        Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::DoubleColon
        | Token::Arrow
        | Token::LongArrow => Ok(true),
        Token::DollarQuotedString(_) => refused(token, "a dollar-quoted text"),
        other => refused(token, &format!("`{}`", super::words::first_words(&other.to_string()))),
    }
}

fn refused(token: &TokenWithSpan, what: &str) -> Result<bool, Refusal> {
    Err(Refusal::at(format!("{what} is not allowed"), token.span.start))
}

/// A backslash and a quote beside each other mean one thing to one reader and another to the next.
fn literal(token: &TokenWithSpan, text: &str) -> Check {
    let doubtful = text.contains('\\') || text.contains("''") || text.contains('\0');
    if doubtful {
        let what = "a backslash, two quotes or NUL in a text is not allowed; pass the text as a parameter";
        return Err(Refusal::at(what, token.span.start));
    }
    Ok(())
}

/// Words that combine or follow an expression.
fn is_operator(word: &str) -> bool {
    const OPERATORS: [&str; 26] = [
        "AND",
        "OR",
        "XOR",
        "NOT",
        "IS",
        "ISNULL",
        "NOTNULL",
        "IN",
        "LIKE",
        "ILIKE",
        "RLIKE",
        "REGEXP",
        "GLOB",
        "MATCH",
        "SIMILAR",
        "BETWEEN",
        "COLLATE",
        "AT",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "MINUS",
        "DIV",
        "MOD",
        "OVERLAPS",
        "OPERATOR",
    ];
    OPERATORS.iter().any(|operator| operator.eq_ignore_ascii_case(word))
}
