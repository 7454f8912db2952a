//! Fixtures and cases.

fondaco_sdk::fixtures!(shipping_rate);
