//! The function `is_late_record(date, ingest_seq)`: whether a record was stored after the last settlement of its day.
//!
//! There are none but of keys that have a hold, of days whose other events are deleted. Mostly there are none at all, and
//! a plan reads that as false.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::prelude::SessionContext;

use super::awaited::Awaited;

/// The function, as views write it.
const FUNCTION: &str = "is_late_record";

/// Registers the function in a context; answers the days that it waits for, each with the last commit that was settled.
pub(super) fn register(context: &SessionContext) -> Arc<OnceLock<Vec<(i32, i64)>>> {
    let days = Arc::default();
    context.register_udf(ScalarUDF::from(IsLateRecord {
        signature: Signature::exact(
            vec![DataType::Date32, DataType::Int64],
            Volatility::Immutable,
        ),
        days: Awaited(Arc::clone(&days)),
    }));
    days
}

/// Whether a record came too late.
#[derive(Debug, PartialEq, Eq, Hash)]
struct IsLateRecord {
    signature: Signature,
    days: Awaited<Vec<(i32, i64)>>,
}

impl ScalarUDFImpl for IsLateRecord {
    fn name(&self) -> &'static str {
        FUNCTION
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    /// Comparisons of both, by which files are left out.
    fn simplify(
        &self,
        mut arguments: Vec<Expr>,
        _info: &SimplifyContext,
    ) -> Result<ExprSimplifyResult> {
        let (Some(commit), Some(date), Some(days)) =
            (arguments.pop(), arguments.pop(), self.days.0.get())
        else {
            return Err(unknown());
        };
        let is_late = |&(day, last): &(i32, i64)| {
            let of_day = date.clone().eq(lit(ScalarValue::Date32(Some(day))));
            of_day.and(commit.clone().gt(lit(last)))
        };
        let late = days.iter().map(is_late).reduce(Expr::or);
        Ok(ExprSimplifyResult::Simplified(
            late.unwrap_or_else(|| lit(false)),
        ))
    }

    fn invoke_with_args(&self, _arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(unknown())
    }
}

fn unknown() -> DataFusionError {
    DataFusionError::Plan(format!(
        "`{FUNCTION}` takes a date and the number of a commit, in a view"
    ))
}
