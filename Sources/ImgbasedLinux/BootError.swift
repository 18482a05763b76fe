public import ImgbasedCore

/// Why a layer does not come up.
public enum BootError: Error, CustomStringConvertible {
    /// Our own code must not activate the layer; lvm2 may be able to.
    case refused(Refusal)
    /// A failure: the layer does not come up. The cause is one sentence without a full stop.
    case failed(String)
    /// No program may bring the layer up. The cause is one sentence without a full stop.
    case forbidden(String)

    /// The reason of the refusal, or the cause of the failure.
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

// Embedded Swift has no `any Error` that could carry each of these errors through a function.
extension BootError {
    /// The result of `body`; its `SystemError` becomes `failed`.
    public static func call<Value: ~Copyable>(
        _ body: @autoclosure () throws(SystemError) -> Value
    ) throws(BootError) -> Value {
        do throws(SystemError) { return try body() } catch { throw .failed(error.description) }
    }

    /// The result of `body`; its `Refusal` becomes `refused`.
    public static func check<Value>(
        _ body: @autoclosure () throws(Refusal) -> Value
    ) throws(BootError) -> Value {
        do throws(Refusal) { return try body() } catch { throw .refused(error) }
    }

    /// The result of `body`; its `SelectionError` becomes `failed`.
    public static func choose<Value>(
        _ body: @autoclosure () throws(SelectionError) -> Value
    ) throws(BootError) -> Value {
        do throws(SelectionError) { return try body() } catch { throw .failed(error.reason) }
    }
}
