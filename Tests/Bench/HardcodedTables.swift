/// The output of `imgbase-initrd plan` as C source, with device numbers in place of names.
struct HardcodedTables {
    private var devices: [String] = []
    private var targets: [String] = []

    /// Parses a plan.
    ///
    /// - Parameters:
    ///   - plan: the lines of the plan.
    ///   - numbers: MAJOR:MINOR of the disks, by their paths in the plan.
    ///   - major: the major number of device-mapper; minor numbers count from 0 in the order of the plan.
    init(plan: String, numbers: [String: String], major: String) throws {
        var numbers = numbers
        var order: [String] = []
        var tables: [(name: String, words: [Substring])] = []
        for line in plan.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 4 else { continue }
            if words[1] == "uuid" {
                let name = String(words[0])
                let isInner = ["-tmeta", "-tdata", "-tpool"].contains { words[2].hasSuffix($0) }
                devices.append(
                    #"{ "\#(name)", "\#(words[2])", \#(words[3] == "ro" ? 1 : 0), \#(isInner ? "0x2e" : "0x20") }"#
                )
            } else {
                let name = String(words[0].dropLast())
                if !order.contains(name) {
                    numbers[name] = "\(major):\(order.count)"
                    order.append(name)
                }
                tables.append((name, Array(words.dropFirst())))
            }
        }
        for table in tables {
            guard let device = order.firstIndex(of: table.name) else { continue }
            let arguments = table.words.dropFirst(3).map { numbers[String($0)] ?? String($0) }
            targets.append(
                #"{ \#(device), \#(table.words[0]), \#(table.words[1]), "\#(table.words[2])", "\#(arguments.joined(separator: " "))" }"#
            )
        }
        guard !devices.isEmpty, devices.count == order.count else {
            throw BenchError(description: "no tables in the plan:\n\(plan)")
        }
    }

    /// The header that hardcoded.c includes.
    var source: String {
        """
        enum { DEVICES = \(devices.count), TARGETS = \(targets.count) };
        static const struct device devices[] = {
            \(devices.joined(separator: ",\n    "))
        };
        static const struct target targets[] = {
            \(targets.joined(separator: ",\n    "))
        };

        """
    }
}
