@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The command line that the boot loader gives the kernel.
struct FuzzedCommandLine {
    private let text: String

    init(_ input: [UInt8]) {
        text = String(decoding: input, as: UTF8.self)
    }

    func check() throws(Finding) {
        let commandLine = KernelCommandLine(text)
        try Finding.unless(commandLine.arguments == words(), "the kernel takes it apart otherwise")
        for argument in commandLine.arguments where !argument.text.utf8.contains(UInt8(ascii: "\"")) {
            let quoted = "x \"\(argument.text)\" y"
            try Finding.unless(
                KernelCommandLine(quoted).arguments.map(\.text) == ["x", argument.text, "y"],
                "'\(quoted)' comes back as something else")
        }
        try check(BootRequest(commandLine: commandLine))
        for item in RootUnits.items(rootArgument: commandLine.value("root")) { try check(item) }
    }

    private func check(_ request: BootRequest) throws(Finding) {
        for case .named(let name) in [request.layer] + request.fallback {
            try Finding.unless(
                (try? VolumeName.check(name, limit: VolumeName.readLimit)) != nil,
                "'\(name)' is no name for a volume")
        }
        if case .named(let name) = request.groupSelector {
            try Finding.unless(
                (try? VolumeName.checkGroup(name, limit: VolumeName.readLimit)) != nil,
                "'\(name)' is no name for a group")
        }
        try Finding.unless((0...86400).contains(request.timeout), "the timeout is \(request.timeout)")
        let warnings = request.warnings.joined()
        try Finding.unless(
            warnings.utf8.allSatisfy { $0 >= 32 && $0 != 127 }, "a warning has control characters")
    }

    /// Checks that the path of a unit stays in the generator's directory.
    private func check(_ item: RootUnits.Item) throws(Finding) {
        let path =
            switch item {
            case .file(let path, _): path
            case .link(let path, _): path
            }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        try Finding.unless(
            (1...2).contains(parts.count) && !parts.contains("") && !parts.contains("."),
            "'\(path)' is no path")
        try Finding.unless(!parts.contains(".."), "'\(path)' leads out of the directory")
        try Finding.unless(
            path.utf8.allSatisfy { (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) },
            "'\(path)' has more than plain characters")
    }

    // MARK: The kernel's rules

    /// The arguments by the kernel's rules, implemented differently: first words, then the quotes in each.
    private func words() -> [KernelCommandLine.Argument] {
        let mark = UInt8(ascii: "\"")
        var arguments: [KernelCommandLine.Argument] = []
        var rest = Array(text.utf8.prefix { $0 != 0 })[...]
        while true {
            rest = rest.drop(while: isSpace)
            if rest.isEmpty { return arguments }
            var isInMarks = false
            let word = rest.prefix { byte in
                if byte == mark { isInMarks.toggle() }
                return isInMarks || !isSpace(byte)
            }
            rest = rest.dropFirst(word.count)
            let next = argument(word)
            if next.name == "--", next.value == nil { return arguments }
            arguments.append(next)
        }
    }

    private func argument(_ word: ArraySlice<UInt8>) -> KernelCommandLine.Argument {
        let mark = UInt8(ascii: "\"")
        let isMarked = word.first == mark
        let inner = isMarked ? word.dropFirst() : word
        // The first byte always belongs to the name, even if it is an equals sign.
        guard let equals = inner.dropFirst().firstIndex(of: UInt8(ascii: "=")) else {
            return .init(
                name: string(isMarked && inner.last == mark ? inner.dropLast() : inner), value: nil)
        }
        var value = inner[(equals + 1)...]
        let isValueMarked = value.first == mark
        if isValueMarked { value = value.dropFirst() }
        if isMarked || isValueMarked, value.last == mark { value = value.dropLast() }
        return .init(name: string(inner[..<equals]), value: string(value))
    }

    private func string(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        [9, 10, 11, 12, 13, 32, 0xA0].contains(byte)
    }
}
