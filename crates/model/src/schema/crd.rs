//! A whole CustomResourceDefinition from a kind's row and schemas.
