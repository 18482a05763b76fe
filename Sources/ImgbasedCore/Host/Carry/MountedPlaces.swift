/// Where a system has something mounted.
///
/// Format: proc(5), /proc/PID/mountinfo; linux: fs/seq_file.c, mangle_path: space, tab, line feed and backslash are octal.
public enum MountedPlaces {
    /// The places in `text`, in the order of paths. What is no line of such a table is passed over.
    public static func of(_ text: some Sequence<UInt8>) -> [TreePath] {
        let paths = Array(text).split(separator: UInt8(ascii: "\n")).compactMap { line -> TreePath? in
            let fields = line.split(separator: UInt8(ascii: " "))
            return fields.count < 5 ? nil : TreePath(parsing: unescaped(fields[4]))
        }
        return Set(paths).sorted()
    }

    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                result.append(byte)
                continue
            }
            result.append(value)
            rest = rest.dropFirst(3)
        }
        return result
    }
}
