//! What a migration may do beside what a call may: create, alter and drop tables and indexes of the service's own.

use sqlparser::ast::helpers::stmt_create_table::CreateTableBuilder;
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef,
    CreateIndex, CreateTable, DataType, ForeignKeyConstraint, Ident, IndexColumn, KeyOrIndexDisplay,
    NullsDistinctOption, ObjectName, ObjectType, PrimaryKeyConstraint, RenameTableNameKind, Statement, TableConstraint,
    UniqueConstraint,
};

use super::words::{first_words, name, own_name, table_name};
use super::{Check, Checker, Dialect, Refusal, never};

impl Checker {
    pub(super) fn migration(&mut self, statement: &mut Statement) -> Check {
        match statement {
            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateIndex(create) => self.create_index(create),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::Drop { object_type, if_exists: _, names, cascade, restrict: _, purge, temporary, table } => {
                let known = matches!(object_type, ObjectType::Table | ObjectType::Index);
                never(!known, "DROP of something other than a table or an index")?;
                never(*cascade || *purge || *temporary || table.is_some(), "CASCADE, PURGE or TEMPORARY in DROP")?;
                names.iter().try_for_each(own_name)
            }
            Statement::Query(_) => Err(Refusal::new("SELECT in a migration changes nothing")),
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => self.statement(statement).map(drop),
            other => Err(Refusal::new(format!(
                "`{}` is not CREATE, ALTER or DROP of a table or an index, nor INSERT, UPDATE or DELETE",
                first_words(&other.to_string())
            ))),
        }
    }

    fn create_table(&mut self, create: &mut CreateTable) -> Check {
        // There are fifty other fields. A table that is made of these alone must be the same table.
        let plain = CreateTableBuilder::new(create.name.clone())
            .if_not_exists(create.if_not_exists)
            .columns(create.columns.clone())
            .constraints(create.constraints.clone())
            .without_rowid(create.without_rowid)
            .strict(create.strict)
            .build();
        never(plain != *create, "in CREATE TABLE anything but columns and constraints")?;
        never(create.columns.is_empty(), "CREATE TABLE without columns")?;
        table_name(&create.name)?;
        create.columns.iter_mut().try_for_each(|column| self.column(column))?;
        create.constraints.iter_mut().try_for_each(|constraint| self.constraint(constraint))
    }

    fn column(&mut self, column: &mut ColumnDef) -> Check {
        let ColumnDef { name: own, data_type, options } = column;
        name(own)?;
        for ColumnOptionDef { name: constraint, option } in &mut *options {
            constraint.as_ref().map_or(Ok(()), name)?;
            self.column_option(option)?;
        }
        self.data_type(data_type)?;
        if self.dialect == Dialect::Postgres && matches!(data_type, DataType::Text | DataType::Varchar(_)) {
            // As SQLite compares texts, and as an index for LIKE needs it: by bytes.
            let by_bytes = ColumnOption::Collation(ObjectName::from(vec![Ident::with_quote('"', "C")]));
            options.insert(0, ColumnOptionDef { name: None, option: by_bytes });
        }
        Ok(())
    }

    fn column_option(&mut self, option: &mut ColumnOption) -> Check {
        match option {
            ColumnOption::Null | ColumnOption::NotNull => Ok(()),
            ColumnOption::Default(expr) => self.expr(expr),
            ColumnOption::PrimaryKey(constraint) => self.primary_key(constraint),
            ColumnOption::Unique(constraint) => self.unique(constraint),
            ColumnOption::ForeignKey(constraint) => foreign_key(constraint),
            ColumnOption::Check(constraint) => self.check(constraint),
            other => Err(Refusal::new(format!("`{}` of a column is not allowed", first_words(&other.to_string())))),
        }
    }

    fn constraint(&mut self, constraint: &mut TableConstraint) -> Check {
        match constraint {
            TableConstraint::Unique(unique) => self.unique(unique),
            TableConstraint::PrimaryKey(key) => self.primary_key(key),
            TableConstraint::ForeignKey(key) => foreign_key(key),
            TableConstraint::Check(check) => self.check(check),
            other => Err(Refusal::new(format!("the constraint `{}` is not allowed", first_words(&other.to_string())))),
        }
    }

    fn primary_key(&mut self, key: &mut PrimaryKeyConstraint) -> Check {
        let PrimaryKeyConstraint {
            name: own,
            index_name,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
        } = key;
        let odd = index_name.is_some() || index_type.is_some() || !include.is_empty() || !index_options.is_empty();
        never(odd || characteristics.is_some(), "an option of PRIMARY KEY")?;
        own.as_ref().map_or(Ok(()), name)?;
        self.index_columns(columns)
    }

    fn unique(&mut self, unique: &mut UniqueConstraint) -> Check {
        let UniqueConstraint {
            name: own,
            index_name,
            index_type_display,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
            nulls_distinct,
        } = unique;
        let odd = index_name.is_some() || index_type.is_some() || !include.is_empty() || !index_options.is_empty();
        let odd = odd || !matches!(index_type_display, KeyOrIndexDisplay::None) || characteristics.is_some();
        never(odd || !matches!(nulls_distinct, NullsDistinctOption::None), "an option of UNIQUE")?;
        own.as_ref().map_or(Ok(()), name)?;
        self.index_columns(columns)
    }

    fn check(&mut self, check: &mut CheckConstraint) -> Check {
        let CheckConstraint { name: own, expr, no_inherit, enforced } = check;
        never(*no_inherit || enforced.is_some(), "an option of CHECK")?;
        own.as_ref().map_or(Ok(()), name)?;
        self.expr(expr)
    }

    fn index_columns(&mut self, columns: &mut [IndexColumn]) -> Check {
        for IndexColumn { column, operator_class } in columns {
            never(operator_class.is_some(), "an operator class")?;
            self.orders(std::slice::from_mut(column))?;
        }
        Ok(())
    }

    fn create_index(&mut self, create: &mut CreateIndex) -> Check {
        let CreateIndex {
            name: own,
            table_name,
            using,
            columns,
            unique: _,
            concurrently,
            r#async,
            if_not_exists: _,
            include,
            nulls_distinct,
            with,
            predicate,
            index_options,
            alter_options,
        } = create;
        never(*concurrently, "CONCURRENTLY (a migration is one transaction)")?;
        let odd = using.is_some() || *r#async || !include.is_empty() || nulls_distinct.is_some() || !with.is_empty();
        never(odd || !index_options.is_empty() || !alter_options.is_empty(), "an option of CREATE INDEX")?;
        let Some(own) = own else { return Err(Refusal::new("an index needs a name")) };
        own_name(own)?;
        own_name(table_name)?;
        self.index_columns(columns)?;
        self.maybe(predicate.as_mut())
    }

    fn alter_table(&mut self, alter: &mut AlterTable) -> Check {
        let AlterTable { name: own, if_exists, only, operations, location, on_cluster, table_type, end_token: _ } =
            alter;
        let odd = *if_exists || *only || location.is_some() || on_cluster.is_some() || table_type.is_some();
        never(odd, "an option of ALTER TABLE")?;
        own_name(own)?;
        operations.iter_mut().try_for_each(|operation| self.alteration(operation))
    }

    fn alteration(&mut self, operation: &mut AlterTableOperation) -> Check {
        match operation {
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists: _,
                column_def,
                column_position: None,
            } => self.column(column_def),
            AlterTableOperation::DropColumn { column_names, drop_behavior: None, .. } => {
                column_names.iter().try_for_each(name)
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                name(old_column_name).and_then(|()| name(new_column_name))
            }
            AlterTableOperation::RenameTable { table_name: RenameTableNameKind::To(other) } => own_name(other),
            AlterTableOperation::AddConstraint { constraint, not_valid: false } => self.constraint(constraint),
            AlterTableOperation::DropConstraint { if_exists: _, name: own, drop_behavior: None } => name(own),
            AlterTableOperation::AlterColumn { column_name, op } => {
                name(column_name)?;
                match op {
                    AlterColumnOperation::SetNotNull
                    | AlterColumnOperation::DropNotNull
                    | AlterColumnOperation::DropDefault => Ok(()),
                    AlterColumnOperation::SetDefault { value } => self.expr(value),
                    _ => Err(Refusal::new("this change of a column is not allowed; add a column and copy")),
                }
            }
            other => Err(Refusal::new(format!("`{}` is not allowed", first_words(&other.to_string())))),
        }
    }
}

fn foreign_key(key: &ForeignKeyConstraint) -> Check {
    let ForeignKeyConstraint {
        name: own,
        index_name,
        columns,
        foreign_table,
        referred_columns,
        on_delete: _,
        on_update: _,
        match_kind,
        characteristics,
    } = key;
    never(index_name.is_some() || match_kind.is_some() || characteristics.is_some(), "an option of FOREIGN KEY")?;
    own.as_ref().map_or(Ok(()), name)?;
    own_name(foreign_table)?;
    columns.iter().chain(referred_columns).try_for_each(name)
}
