import CLinux
import Glibc
public import ImgbasedLinux

/// A thread of its own for work that waits for the kernel, which would keep others from their turn elsewhere. Signals are
/// left to other threads: writing to a pipe that nobody reads is an error here, and no end of the program.
public final class HostThread {
    private var thread = pthread_t()
    private var isJoined = false

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts `body`.
    ///
    /// The corresponding C function is `pthread_create`.
    public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let context = Unmanaged.passRetained(Body(body))
        var all = sigset_t()
        var old = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        let error = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        pthread_sigmask(SIG_SETMASK, &old, nil)
        guard error == 0 else {
            context.release()
            isJoined = true
            throw SystemError("start", "a thread", errno: error)
        }
    }

    /// Waits until it is done.
    ///
    /// The corresponding C function is `pthread_join`.
    public func join() {
        if isJoined { return }
        isJoined = true
        pthread_join(thread, nil)
    }

    // Nobody waits for it any more; it has what it needs and ends by itself.
    deinit {
        if !isJoined { pthread_detach(thread) }
    }
}

/// What one thread gives to another, in order.
///
/// The corresponding C functions are `pthread_mutex_lock` and `pthread_cond_wait`.
public final class HostQueue<Element: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var elements: [Element] = []
    private var isClosed = false

    /// An empty one.
    public init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Adds an element.
    public func send(_ element: Element) {
        pthread_mutex_lock(mutex)
        elements.append(element)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Says that nothing more is sent.
    public func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Takes the first element, waiting for it; `nil` when there will be none.
    public func receive() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty, !isClosed { pthread_cond_wait(condition, mutex) }
        return elements.isEmpty ? nil : elements.removeFirst()
    }
}
