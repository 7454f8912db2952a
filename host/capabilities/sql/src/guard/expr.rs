//! Expressions.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, Spanned, UnaryOperator, Value, ValueWithSpan, WindowFrame,
    WindowFrameBound, WindowSpec, WindowType,
};

use super::words::{first_words, function, name};
use super::{Check, Checker, Dialect, Refusal, never};

impl Checker {
    pub(super) fn exprs(&mut self, exprs: &mut [Expr]) -> Check {
        exprs.iter_mut().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn maybe(&mut self, expr: Option<&mut Expr>) -> Check {
        expr.map_or(Ok(()), |expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: &mut Expr) -> Check {
        match expr {
            Expr::Identifier(ident) => name(ident),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] => name(table).and_then(|()| name(column)),
                _ => Err(refused(expr, "a name with more than a table in front")),
            },
            Expr::Value(value) => self.value(value),
            Expr::Nested(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner) => self.expr(inner),
            Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not, expr } => {
                self.expr(expr)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => self.both(left, right),
            Expr::BinaryOp { left, op, right } if is_known(op) => self.both(left, right),
            Expr::BinaryOp { op, .. } => {
                let what = format!("the operator `{}`", first_words(&op.to_string()));
                Err(refused(expr, &what))
            }
            Expr::Between { expr, negated: _, low, high } => {
                self.expr(expr)?;
                self.both(low, high)
            }
            Expr::Like { negated: _, any: false, expr, pattern, escape_char } => {
                self.both(expr, pattern)?;
                self.maybe(escape_char.as_deref_mut())
            }
            Expr::InList { expr, list, negated: _ } => {
                self.expr(expr)?;
                self.exprs(list)
            }
            Expr::InSubquery { expr, subquery, negated: _ } => {
                self.expr(expr)?;
                self.query(subquery)
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::Tuple(exprs) => self.exprs(exprs),
            Expr::Cast { .. } => self.cast(expr),
            Expr::Case { .. } => self.case(expr),
            Expr::Substring { expr, substring_from, substring_for, special: true, shorthand: _ } => {
                self.expr(expr)?;
                self.maybe(substring_from.as_deref_mut())?;
                self.maybe(substring_for.as_deref_mut())
            }
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters } => {
                self.expr(expr)?;
                self.exprs(trim_characters.as_deref_mut().unwrap_or_default())
            }
            Expr::Function(function) => self.function(function),
            other => Err(refused(other, &format!("`{}`", first_words(&other.to_string())))),
        }
    }

    fn both(&mut self, left: &mut Expr, right: &mut Expr) -> Check {
        self.expr(left)?;
        self.expr(right)
    }

    fn value(&mut self, value: &ValueWithSpan) -> Check {
        match &value.value {
            Value::Number(_, false) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => Ok(()),
            Value::Placeholder(text) => {
                let number = text.strip_prefix('$').and_then(|number| number.parse::<u16>().ok());
                let Some(number) = number.filter(|number| *number > 0) else {
                    let what = format!("the parameter `{}` is not $1 to $65535", first_words(text));
                    return Err(Refusal::at(what, value.span.start));
                };
                self.parameters = self.parameters.max(usize::from(number));
                Ok(())
            }
            other => {
                let what = format!("`{}` is not allowed; pass it as a parameter", first_words(&other.to_string()));
                Err(Refusal::at(what, value.span.start))
            }
        }
    }

    /// `x::BIGINT` is written as `CAST(x AS BIGINT)`. A text as JSON is a text in SQLite, which would make a number of
    /// it otherwise.
    fn cast(&mut self, whole: &mut Expr) -> Check {
        let Expr::Cast { kind, expr, data_type, format } = whole else { return Ok(()) };
        never(!matches!(kind, CastKind::Cast | CastKind::DoubleColon), "this kind of CAST")?;
        never(format.is_some(), "CAST … FORMAT")?;
        self.expr(expr)?;
        *kind = CastKind::Cast;
        if self.dialect == Dialect::Sqlite && matches!(data_type, DataType::JSON | DataType::JSONB) {
            let inner = std::mem::replace(&mut **expr, Expr::value(Value::Null));
            *whole = Expr::Nested(Box::new(inner));
            return Ok(());
        }
        self.data_type(data_type)
    }

    fn case(&mut self, whole: &mut Expr) -> Check {
        let Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } = whole else {
            return Ok(());
        };
        self.maybe(operand.as_deref_mut())?;
        for CaseWhen { condition, result } in conditions {
            self.both(condition, result)?;
        }
        self.maybe(else_result.as_deref_mut())
    }

    fn function(&mut self, call: &mut Function) -> Check {
        let Function { name: own, uses_odbc_syntax, parameters, args, within_group, filter, null_treatment, over } =
            call;
        function(own, self.dialect)?;
        never(*uses_odbc_syntax, "{fn …}")?;
        never(!matches!(parameters, FunctionArguments::None), "a second list of arguments")?;
        never(!within_group.is_empty(), "WITHIN GROUP")?;
        never(null_treatment.is_some(), "IGNORE NULLS or RESPECT NULLS")?;
        let FunctionArguments::List(FunctionArgumentList { duplicate_treatment: _, args, clauses }) = args else {
            return Err(Refusal::new(format!("the function `{own}` without its parentheses is not allowed")));
        };
        for argument in args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr)?,
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
                _ => return Err(Refusal::new(format!("this kind of argument of `{own}` is not allowed"))),
            }
        }
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(orders) => self.orders(orders)?,
                _ => return Err(Refusal::new(format!("this clause in `{own}` is not allowed"))),
            }
        }
        self.maybe(filter.as_deref_mut())?;
        match over {
            None => Ok(()),
            Some(WindowType::NamedWindow(window)) => name(window),
            Some(WindowType::WindowSpec(spec)) => self.window(spec),
        }
    }

    pub(super) fn window(&mut self, spec: &mut WindowSpec) -> Check {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        window_name.as_ref().map_or(Ok(()), name)?;
        self.exprs(partition_by)?;
        self.orders(order_by)?;
        let Some(WindowFrame { units: _, start_bound, end_bound }) = window_frame else { return Ok(()) };
        self.bound(start_bound)?;
        end_bound.as_mut().map_or(Ok(()), |bound| self.bound(bound))
    }

    fn bound(&mut self, bound: &mut WindowFrameBound) -> Check {
        match bound {
            WindowFrameBound::CurrentRow => Ok(()),
            WindowFrameBound::Preceding(expr) | WindowFrameBound::Following(expr) => self.maybe(expr.as_deref_mut()),
        }
    }
}

const fn is_known(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
            | BinaryOperator::StringConcat
            | BinaryOperator::Gt
            | BinaryOperator::Lt
            | BinaryOperator::GtEq
            | BinaryOperator::LtEq
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::And
            | BinaryOperator::Or
            | BinaryOperator::Arrow
            | BinaryOperator::LongArrow
    )
}

fn refused(expr: &Expr, what: &str) -> Refusal {
    Refusal::at(format!("{what} is not allowed"), expr.span().start)
}
