//! A list of accounts, read from CSV.
//!
//! Enters: the bytes of a file. Leaves: accounts in the order of their ids, and columns that were not read;
//! or every fault with its line. The header names the columns, in any order; only `id` must be there.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::InventoryError;

/// What a list says about one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Its id: 12 digits.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its organizational unit, as a path without a slash at its ends.
    pub ou_path: Option<String>,
    /// Its owner.
    pub owner: Option<String>,
    /// Its environment.
    pub environment: Option<String>,
}

/// A whole list.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AccountList {
    /// By id.
    pub accounts: Vec<Account>,
    /// Columns of the file that are none of the list's.
    pub columns_not_read: Vec<String>,
}

/// The columns, each with the names that its header may have.
const COLUMNS: [(Field, &[&str]); 5] = [
    (Field::Id, &["id", "account_id"]),
    (Field::Name, &["name"]),
    (Field::OuPath, &["ou", "ou_path"]),
    (Field::Owner, &["owner"]),
    (Field::Environment, &["environment"]),
];

/// What a header may be, for messages.
const ACCEPTED: &str = "the first line names the columns: id, name, ou, owner, environment";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Name,
    OuPath,
    Owner,
    Environment,
}

impl AccountList {
    /// Reads a file; `shown` is what faults call it.
    ///
    /// # Errors
    /// [`InventoryError::List`] with all faults.
    pub fn parse(shown: &str, bytes: &[u8]) -> Result<Self, InventoryError> {
        let mut faults = Vec::new();
        let mut fault =
            |line: u64, problem: String| faults.push(format!("{shown}:{line}: {problem}"));
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .flexible(true)
            .has_headers(false)
            .from_reader(bytes);
        let mut list = Self::default();
        let mut header: Option<Vec<Option<Field>>> = None;
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        let mut accounts = BTreeMap::new();
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(1, csv::Position::line);
                    fault(line, "it is not text in UTF-8".to_owned());
                    break;
                }
            };
            let line = record.position().map_or(1, csv::Position::line);
            let Some(fields) = &header else {
                match fields(&record, &mut list.columns_not_read) {
                    Ok(fields) => header = Some(fields),
                    Err(problem) => {
                        fault(line, problem);
                        break;
                    }
                }
                continue;
            };
            match account(fields, &record) {
                Err(problem) => fault(line, problem),
                Ok(account) => {
                    if let Some(before) = seen.insert(account.id.clone(), line) {
                        let id = &account.id;
                        fault(line, format!("account {id} is in line {before} too"));
                    }
                    accounts.insert(account.id.clone(), account);
                }
            }
        }
        if faults.is_empty() && accounts.is_empty() {
            faults.push(format!("{shown}: there is no account in it; {ACCEPTED}"));
        }
        if !faults.is_empty() {
            return Err(InventoryError::List(faults));
        }
        list.accounts = accounts.into_values().collect();
        Ok(list)
    }
}

/// What each column of the file is; notes those that are nothing.
fn fields(
    header: &StringRecord,
    columns_not_read: &mut Vec<String>,
) -> Result<Vec<Option<Field>>, String> {
    let mut fields = Vec::with_capacity(header.len());
    for name in header {
        let known = COLUMNS
            .iter()
            .find(|(_, names)| names.contains(&name.to_lowercase().as_str()));
        let field = known.map(|(field, _)| *field);
        if field.is_some() && fields.contains(&field) {
            return Err(format!("two columns are called `{}`", name.escape_debug()));
        }
        if field.is_none() {
            columns_not_read.push(name.to_owned());
        }
        fields.push(field);
    }
    if fields.contains(&Some(Field::Id)) {
        Ok(fields)
    } else {
        Err(format!("there is no column `id`; {ACCEPTED}"))
    }
}

fn account(fields: &[Option<Field>], record: &StringRecord) -> Result<Account, String> {
    if record.len() != fields.len() {
        return Err(format!(
            "{} values stand under {} columns",
            record.len(),
            fields.len()
        ));
    }
    let mut account = Account::default();
    for (field, value) in fields.iter().zip(record) {
        let text = (!value.is_empty()).then(|| value.to_owned());
        match field {
            Some(Field::Id) => value.clone_into(&mut account.id),
            Some(Field::Name) => account.name = text,
            Some(Field::OuPath) => {
                let path = text.map(|path| path.trim_matches('/').to_owned());
                account.ou_path = path.filter(|path| !path.is_empty());
            }
            Some(Field::Owner) => account.owner = text,
            Some(Field::Environment) => account.environment = text,
            None => {}
        }
    }
    let id = &account.id;
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(account)
    } else {
        Err(format!(
            "`{}` is no account id: it has 12 digits, which a spreadsheet keeps if the column is text",
            id.escape_debug()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, AccountList};

    #[test]
    fn lists_of_spreadsheets_are_read() {
        let text = "\u{feff}Owner, NAME ,id,Cost centre,ou\r\n\
                    \"Payments, EU\",\"the \"\"old\"\" one\",222222222222,77,/Root/Prod/\r\n\
                    ,,111111111111,,\r\n\r\n";
        let list = AccountList::parse("a.csv", text.as_bytes()).expect("a good list");
        let bare = Account {
            id: "111111111111".to_owned(),
            ..Account::default()
        };
        let told = Account {
            id: "222222222222".to_owned(),
            name: Some("the \"old\" one".to_owned()),
            ou_path: Some("Root/Prod".to_owned()),
            owner: Some("Payments, EU".to_owned()),
            environment: None,
        };
        assert_eq!(list.accounts, [bare, told]);
        assert_eq!(list.columns_not_read, ["Cost centre"]);
    }

    #[track_caller]
    fn check(bytes: &[u8], faults: &[&str]) {
        let error = AccountList::parse("a.csv", bytes).expect_err("a bad list");
        let said = error.to_string();
        let said: Vec<&str> = said.lines().skip(1).map(str::trim).collect();
        assert_eq!(said, faults);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        check(
            b"id,name\n111111111111,a\n11111111111,b\n222222222222,c\n\"222222222222\",d\n333333333333\n",
            &[
                "a.csv:3: `11111111111` is no account id: it has 12 digits, which a spreadsheet keeps if the column is text",
                "a.csv:5: account 222222222222 is in line 4 too",
                "a.csv:6: 1 values stand under 2 columns",
            ],
        );
        let accepted = "the first line names the columns: id, name, ou, owner, environment";
        check(
            b"111111111111,a\n",
            &[&format!("a.csv:1: there is no column `id`; {accepted}")],
        );
        check(b"id,Id\n", &["a.csv:1: two columns are called `Id`"]);
        for nothing in [&b""[..], b"\xef\xbb\xbf", b"id,name\n"] {
            check(
                nothing,
                &[&format!("a.csv: there is no account in it; {accepted}")],
            );
        }
        check(
            b"id,name\n111111111111,\xff\n",
            &["a.csv:2: it is not text in UTF-8"],
        );
    }
}
