//! Fixtures and cases.

fondaco_sdk::fixtures!(promotion);
