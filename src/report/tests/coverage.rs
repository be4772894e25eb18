//! What of the hours is proven, on rows made by hand.
