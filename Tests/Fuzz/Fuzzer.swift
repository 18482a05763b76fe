// The entry points for libFuzzer (llvm: docs/LibFuzzer.rst). One program has all targets; its name selects
// one.

import Glibc

nonisolated(unsafe) private var target: FuzzTarget?

@_cdecl("LLVMFuzzerInitialize")
func initialize(
    count: UnsafeMutablePointer<CInt>,
    arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    let path = arguments.pointee[0].map { String(cString: $0) } ?? ""
    target = path.split(separator: "/").last.flatMap { FuzzTarget(rawValue: String($0)) }
    guard target == nil else { return 0 }
    print("run this by the name of a target: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    exit(2)
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
    do throws(Finding) {
        try target?.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        // libFuzzer saves the input if the program dies.
        fatalError("finding: \(error)")
    }
    return 0
}
