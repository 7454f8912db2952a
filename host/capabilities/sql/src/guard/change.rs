//! `INSERT`, `UPDATE`, `DELETE`. Each answers whether it returns rows.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, DoUpdate, FromTable, Insert, OnConflict, OnConflictAction,
    OnInsert, SelectItem, TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

use super::words::{name, own_name, table_name};
use super::{Check, Checker, Refusal, never};

impl Checker {
    pub(super) fn insert(&mut self, insert: &mut Insert) -> Result<bool, Refusal> {
        let Insert {
            insert_token: _,
            optimizer_hints,
            or,
            ignore,
            into,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        never(or.is_some() || *ignore || *replace_into, "REPLACE, OR or IGNORE (use ON CONFLICT)")?;
        never(!*into, "INSERT without INTO")?;
        let odd = !optimizer_hints.is_empty() || *overwrite || partitioned.is_some() || !after_columns.is_empty();
        let odd = odd || *has_table_keyword || output.is_some() || priority.is_some() || insert_alias.is_some();
        let odd = odd || settings.is_some() || format_clause.is_some() || !assignments.is_empty();
        let many = multi_table_insert_type.is_some() || !multi_table_into_clauses.is_empty();
        let many = many || !multi_table_when_clauses.is_empty() || multi_table_else_clause.is_some();
        never(odd || many, "this form of INSERT")?;
        match table {
            TableObject::TableName(table) => table_name(table)?,
            _ => return Err(Refusal::new("INSERT into something other than a table is not allowed")),
        }
        table_alias.as_ref().map_or(Ok(()), |alias| name(&alias.alias))?;
        columns.iter().try_for_each(own_name)?;
        if let Some(source) = source {
            self.query(source)?;
        }
        if let Some(on) = on {
            self.on_insert(on)?;
        }
        self.returning(returning.as_deref_mut())
    }

    fn on_insert(&mut self, on: &mut OnInsert) -> Check {
        let OnInsert::OnConflict(OnConflict { conflict_target, action }) = on else {
            return Err(Refusal::new("ON DUPLICATE KEY is not allowed; use ON CONFLICT"));
        };
        match conflict_target {
            None => {}
            Some(ConflictTarget::Columns(columns)) => columns.iter().try_for_each(name)?,
            Some(ConflictTarget::OnConstraint(_)) => {
                return Err(Refusal::new("ON CONFLICT ON CONSTRAINT is not allowed; name the columns"));
            }
        }
        match action {
            OnConflictAction::DoNothing => Ok(()),
            OnConflictAction::DoUpdate(DoUpdate { assignments, selection }) => {
                self.assignments(assignments)?;
                self.maybe(selection.as_mut())
            }
        }
    }

    pub(super) fn update(&mut self, update: &mut Update) -> Result<bool, Refusal> {
        let Update {
            update_token: _,
            optimizer_hints,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        let odd = !optimizer_hints.is_empty() || output.is_some() || or.is_some();
        never(odd || !order_by.is_empty() || limit.is_some(), "OR, ORDER BY or LIMIT in UPDATE")?;
        self.one_table(table)?;
        self.assignments(assignments)?;
        match from {
            None => {}
            Some(UpdateTableFromKind::AfterSet(tables)) => self.tables(tables)?,
            Some(UpdateTableFromKind::BeforeSet(_)) => return Err(Refusal::new("FROM before SET is not allowed")),
        }
        self.maybe(selection.as_mut())?;
        self.returning(returning.as_deref_mut())
    }

    pub(super) fn delete(&mut self, delete: &mut Delete) -> Result<bool, Refusal> {
        let Delete {
            delete_token: _,
            optimizer_hints,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let odd = !optimizer_hints.is_empty() || !tables.is_empty() || using.is_some() || output.is_some();
        never(odd || !order_by.is_empty() || limit.is_some(), "USING, ORDER BY or LIMIT in DELETE")?;
        match from {
            FromTable::WithFromKeyword(tables) => match tables.as_mut_slice() {
                [table] => self.one_table(table)?,
                _ => return Err(Refusal::new("DELETE is from one table")),
            },
            FromTable::WithoutKeyword(_) => return Err(Refusal::new("DELETE without FROM is not allowed")),
        }
        self.maybe(selection.as_mut())?;
        self.returning(returning.as_deref_mut())
    }

    /// A table that is changed: by name, and nothing joined to it.
    fn one_table(&mut self, table: &mut TableWithJoins) -> Check {
        let named = matches!(table.relation, TableFactor::Table { .. }) && table.joins.is_empty();
        never(!named, "a change of something other than one table")?;
        self.table_with_joins(table)
    }

    fn assignments(&mut self, assignments: &mut [Assignment]) -> Check {
        for Assignment { target, value } in assignments {
            match target {
                AssignmentTarget::ColumnName(column) => own_name(column)?,
                AssignmentTarget::Tuple(columns) => columns.iter().try_for_each(own_name)?,
            }
            self.expr(value)?;
        }
        Ok(())
    }

    fn returning(&mut self, returning: Option<&mut [SelectItem]>) -> Result<bool, Refusal> {
        match returning {
            None => Ok(false),
            Some(items) => self.items(items).map(|()| true),
        }
    }
}
