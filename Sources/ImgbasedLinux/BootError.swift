public import ImgbasedCore

/// Why a layer does not come up.
public enum BootError: Error, CustomStringConvertible {
    /// It is not for our own code to activate it; lvm2 may know better.
    case refused(Refusal)
    /// It does not come up. One sentence without a full stop.
    case failed(String)
    /// It must not come up, whoever tries. One sentence without a full stop.
    case forbidden(String)

    /// The cause.
    public var description: String {
        switch self {
        case .refused(let refusal): refusal.reason
        case .failed(let reason), .forbidden(let reason): reason
        }
    }
}

extension BootError {
    /// A refusal because of `reason`, one sentence without a full stop.
    public static func refused(_ reason: String) -> BootError {
        .refused(Refusal(reason))
    }
}

// Embedded Swift has no `any Error` that could carry each of these through a function.
extension BootError {
    /// What `body` returns, or its error as one of early boot.
    public static func call<Value: ~Copyable>(
        _ body: @autoclosure () throws(SystemError) -> Value
    ) throws(BootError) -> Value {
        do throws(SystemError) { return try body() } catch { throw .failed(error.description) }
    }

    /// What `body` returns, or its error as one of early boot.
    public static func check<Value>(
        _ body: @autoclosure () throws(Refusal) -> Value
    ) throws(BootError) -> Value {
        do throws(Refusal) { return try body() } catch { throw .refused(error) }
    }

    /// What `body` returns, or its error as one of early boot.
    public static func choose<Value>(
        _ body: @autoclosure () throws(SelectionError) -> Value
    ) throws(BootError) -> Value {
        do throws(SelectionError) { return try body() } catch { throw .failed(error.reason) }
    }
}
