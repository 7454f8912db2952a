//! `SELECT`, and what it is made of. Every field of the parser's types is named here, so that a field of a newer parser
//! does not pass unseen.

use sqlparser::ast::{
    Cte, Distinct, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, NamedWindowDefinition,
    NamedWindowExpr, Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetQuantifier, TableFactor, TableWithJoins, Values,
    WildcardAdditionalOptions, With,
};

use super::words::{alias, name, own_name, table_name};
use super::{Check, Checker, Effect, Refusal, never};

impl Checker {
    /// A query, or a change with `WITH` in front, which the parser takes for a query too. Only outermost: PostgreSQL
    /// would change rows anywhere in it.
    pub(super) fn outermost(&mut self, query: &mut Query) -> Result<(Effect, bool), Refusal> {
        let changes = matches!(&*query.body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_));
        if !changes {
            return self.query(query).map(|()| (Effect::Read, true));
        }
        let nothing = Box::new(SetExpr::Values(Values { explicit_row: false, value_keyword: false, rows: Vec::new() }));
        let body = std::mem::replace(&mut query.body, nothing);
        // All but the body, as of any query.
        self.query(query)?;
        let plain = query.order_by.is_none() && query.limit_clause.is_none();
        never(!plain, "ORDER BY or LIMIT after a change")?;
        query.body = body;
        match &mut *query.body {
            SetExpr::Insert(change) | SetExpr::Update(change) | SetExpr::Delete(change) => self.statement(change),
            _ => Err(Refusal::new("a change is gone")),
        }
    }

    pub(super) fn query(&mut self, query: &mut Query) -> Check {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        never(fetch.is_some(), "FETCH (use LIMIT)")?;
        never(!locks.is_empty(), "FOR UPDATE or FOR SHARE (guard the update by its WHERE)")?;
        never(for_clause.is_some(), "FOR")?;
        never(settings.is_some(), "SETTINGS")?;
        never(format_clause.is_some(), "FORMAT")?;
        never(!pipe_operators.is_empty(), "|>")?;
        if let Some(with) = with {
            self.with(with)?;
        }
        self.body(body)?;
        if let Some(order_by) = order_by {
            self.order_by(order_by)?;
        }
        match limit_clause {
            None => Ok(()),
            Some(limit) => self.limit(limit),
        }
    }

    fn with(&mut self, with: &mut With) -> Check {
        let With { with_token: _, recursive: _, cte_tables } = with;
        for Cte { alias: own, query, from, materialized, closing_paren_token: _ } in cte_tables {
            never(from.is_some(), "FROM after WITH")?;
            never(materialized.is_some(), "MATERIALIZED")?;
            alias(Some(own))?;
            self.query(query)?;
        }
        Ok(())
    }

    fn body(&mut self, body: &mut SetExpr) -> Check {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, op: _, set_quantifier, right } => {
                let known = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::None);
                never(!known, "this kind of UNION, INTERSECT or EXCEPT")?;
                self.body(left)?;
                self.body(right)
            }
            SetExpr::Values(Values { explicit_row, value_keyword, rows }) => {
                never(*explicit_row || *value_keyword, "this form of VALUES")?;
                rows.iter_mut().try_for_each(|row| self.exprs(&mut row.content))
            }
            _ => Err(Refusal::new("a query must be SELECT or VALUES, and WITH may only read")),
        }
    }

    fn select(&mut self, select: &mut Select) -> Check {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        never(!optimizer_hints.is_empty(), "a hint")?;
        never(!matches!(distinct, None | Some(Distinct::Distinct)), "this kind of DISTINCT")?;
        never(select_modifiers.is_some(), "a modifier of SELECT")?;
        never(top.is_some(), "TOP")?;
        never(exclude.is_some(), "EXCLUDE")?;
        never(into.is_some(), "INTO")?;
        never(!lateral_views.is_empty(), "LATERAL VIEW")?;
        never(prewhere.is_some(), "PREWHERE")?;
        never(!connect_by.is_empty(), "CONNECT BY")?;
        never(!cluster_by.is_empty() || !distribute_by.is_empty() || !sort_by.is_empty(), "CLUSTER BY")?;
        never(qualify.is_some(), "QUALIFY")?;
        never(value_table_mode.is_some(), "AS VALUE")?;
        never(!matches!(flavor, SelectFlavor::Standard), "FROM in front of SELECT")?;
        self.items(projection)?;
        self.tables(from)?;
        self.maybe(selection.as_mut())?;
        self.maybe(having.as_mut())?;
        match group_by {
            GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => self.exprs(exprs)?,
            _ => return Err(Refusal::new("this kind of GROUP BY is not allowed")),
        }
        for NamedWindowDefinition(own, window) in named_window {
            name(own)?;
            match window {
                NamedWindowExpr::NamedWindow(other) => name(other)?,
                NamedWindowExpr::WindowSpec(spec) => self.window(spec)?,
            }
        }
        Ok(())
    }

    /// What is answered: of `SELECT` or of `RETURNING`.
    pub(super) fn items(&mut self, items: &mut [SelectItem]) -> Check {
        items.iter_mut().try_for_each(|item| match item {
            SelectItem::UnnamedExpr(expr) => self.expr(expr),
            SelectItem::ExprWithAlias { expr, alias } => {
                name(alias)?;
                self.expr(expr)
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), options) => {
                own_name(table)?;
                wildcard(options)
            }
            SelectItem::Wildcard(options) => wildcard(options),
            _ => Err(Refusal::new("this kind of column in an answer is not allowed")),
        })
    }

    pub(super) fn tables(&mut self, tables: &mut [TableWithJoins]) -> Check {
        tables.iter_mut().try_for_each(|table| self.table_with_joins(table))
    }

    pub(super) fn table_with_joins(&mut self, table: &mut TableWithJoins) -> Check {
        let TableWithJoins { relation, joins } = table;
        self.table(relation)?;
        joins.iter_mut().try_for_each(|join| self.join(join))
    }

    fn join(&mut self, join: &mut Join) -> Check {
        let Join { relation, global, join_operator } = join;
        never(*global, "GLOBAL")?;
        self.table(relation)?;
        let (JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)) = join_operator
        else {
            return Err(Refusal::new("this kind of JOIN is not allowed"));
        };
        match constraint {
            JoinConstraint::On(expr) => self.expr(expr),
            JoinConstraint::Using(columns) => columns.iter().try_for_each(own_name),
            JoinConstraint::None => Ok(()),
            JoinConstraint::Natural => Err(Refusal::new("NATURAL JOIN is not allowed")),
        }
    }

    fn table(&mut self, table: &mut TableFactor) -> Check {
        match table {
            TableFactor::Table {
                name: own,
                alias: other,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                never(args.is_some(), "a function as a table")?;
                let odd = !with_hints.is_empty() || version.is_some() || *with_ordinality || !partitions.is_empty();
                let odd = odd || json_path.is_some() || sample.is_some() || !index_hints.is_empty();
                never(odd, "a modifier of a table")?;
                table_name(own)?;
                alias(other.as_ref())
            }
            TableFactor::Derived { lateral, subquery, alias: own, sample } => {
                never(*lateral, "LATERAL")?;
                never(sample.is_some(), "SAMPLE")?;
                alias(own.as_ref())?;
                self.query(subquery)
            }
            TableFactor::NestedJoin { table_with_joins, alias: own } => {
                alias(own.as_ref())?;
                self.table_with_joins(table_with_joins)
            }
            _ => Err(Refusal::new("a function as a table is not allowed")),
        }
    }

    fn order_by(&mut self, order_by: &mut OrderBy) -> Check {
        let OrderBy { kind, interpolate } = order_by;
        never(interpolate.is_some(), "INTERPOLATE")?;
        match kind {
            OrderByKind::Expressions(exprs) => self.orders(exprs),
            OrderByKind::All(_) => Err(Refusal::new("ORDER BY ALL is not allowed")),
        }
    }

    pub(super) fn orders(&mut self, orders: &mut [OrderByExpr]) -> Check {
        for OrderByExpr { expr, options, with_fill } in orders {
            never(with_fill.is_some(), "WITH FILL")?;
            let known = matches!(
                options.sort,
                None | Some(sqlparser::ast::OrderBySort::Asc | sqlparser::ast::OrderBySort::Desc)
            );
            never(!known, "ORDER BY … USING")?;
            self.expr(expr)?;
        }
        Ok(())
    }

    fn limit(&mut self, limit: &mut LimitClause) -> Check {
        match limit {
            LimitClause::LimitOffset { limit, offset, limit_by } => {
                never(!limit_by.is_empty(), "LIMIT … BY")?;
                self.maybe(limit.as_mut())?;
                if let Some(Offset { value, rows }) = offset {
                    never(!matches!(rows, OffsetRows::None), "OFFSET … ROWS")?;
                    self.expr(value)?;
                }
                Ok(())
            }
            LimitClause::OffsetCommaLimit { .. } => Err(Refusal::new("LIMIT a, b is not allowed; use OFFSET")),
        }
    }
}

fn wildcard(options: &WildcardAdditionalOptions) -> Check {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let odd = opt_ilike.is_some() || opt_exclude.is_some() || opt_except.is_some() || opt_replace.is_some();
    never(odd || opt_rename.is_some() || opt_alias.is_some(), "a modifier of *")
}
