//! Fixtures and cases.

fondaco_sdk::fixtures!(price_rule);
