extension SystemError {
    /// The error of a C call that just failed, for rooms that make calls of their own.
    public static func failure(_ operation: String, _ object: String) -> SystemError {
        last(operation, object)
    }
}
