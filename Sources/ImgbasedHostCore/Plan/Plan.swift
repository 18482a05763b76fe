import ImgbasedCore

/// The plan of a command: every name, size and identifier is chosen, nothing has begun.
public struct Plan: Hashable, Sendable {
    /// The goal for messages, as in `cannot …`: `create layer 'Base-0.1'`.
    public var goal: String
    /// The steps before the commit, not visible in the boot menu.
    public var prepare: [Step] = []
    /// The one step that puts the change into effect.
    public var commit: [Step] = []
    /// The steps after the commit. If they are interrupted, the next run does them.
    public var cleanup: [Step] = []
    /// The steps that remove the traces if a step of `prepare` fails.
    public var undo: [Step] = []
    /// Whether another plan follows, made from the results of this one.
    public var isContinued = false

    /// A plan for `goal`, still without steps.
    public init(goal: String) {
        self.goal = goal
    }

    /// Every step in order.
    public var steps: [Step] { prepare + commit + cleanup }

    /// Whether any step does more than check.
    public var changesSomething: Bool { steps.contains { !$0.isCheck } }

    /// Checks every new GRUB script before any file is replaced.
    mutating func checkScripts() {
        var checks: [Step] = []
        for case .replaceFile(let path, let contents, _) in steps where path.hasSuffix(".cfg") {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            checks.append(.checkScript(name: name, String(decoding: contents, as: UTF8.self)))
        }
        prepare = checks + prepare
    }
}

extension Plan {
    /// The plan for people: the steps, with their commands and file changes.
    public func lines() -> [String] {
        if steps.isEmpty { return isContinued ? [] : ["to \(goal), there is nothing to do"] }
        var lines = ["to \(goal)\(isContinued ? ", first" : "")"]
        for (phase, steps) in [("prepare", prepare), ("commit", commit), ("clean up", cleanup)]
        where !steps.isEmpty {
            lines.append("\(phase):")
            for step in steps {
                lines.append("  \(step)")
                // The file itself is shown where it is written.
                if case .checkScript = step { continue }
                lines += step.actions().flatMap { $0.lines() }.map { "    \($0)" }
            }
        }
        return lines
    }
}

extension Action {
    /// The action for people.
    func lines() -> [String] {
        switch self {
        case .run(let command):
            ["+ \(command)"] + command.input.split(separator: "\n").map { "| \($0)" }
        case .makeDirectory(let path): ["mkdir \(path)"]
        case .replaceFile(let path, let contents): ["write \(path):"] + Action.shown(contents)
        case .replaceBootFile(let path, let contents):
            ["write \(path):"] + Action.shown(contents) + [Action.flush(path)]
        case .link(let path, let target): ["ln -sf \(target) \(path)"]
        case .removeFile(let path): ["rm \(path)"]
        case .removeBootFile(let path): ["rm \(path)", Action.flush(path)]
        case .write(let path, let text): ["write \(path):"] + Action.shown(Array(text.utf8))
        case .tellJournal(let message): ["journal \(message.kind.rawValue): \(message.text)"]
        case .flushBoot(let path): ["flush the file system of \(path)"]
        case .writeImage(let image, let device, _): ["copy \(image) to \(device), and flush it"]
        case .fillFileSystem(let image, let device, let type):
            [
                "mount \(device) privately (\(type.rawValue)), write the files of \(image) to it, unmount it, take its digest"
            ]
        case .settleFileSystem(let device, let type):
            [
                "mount \(device) privately (\(type.rawValue)), let it replay its log and fill the device, unmount it"
            ]
        case .makeDirectoryOn(let device, let type, let path):
            ["mount \(device) privately (\(type.rawValue)), mkdir \(path) in it, unmount it"]
        case .replaceFileOn(let device, let type, let path, let contents):
            ["mount \(device) privately (\(type.rawValue)), write \(path) in it, unmount it:"]
                + Action.shown(contents)
        case .removeBootFiles(let digests, let directory): digests.map { "rm -r \(directory)/\($0)" }
        case .copyBootFiles(let files, let source, let directory):
            source.lines() + [
                "copy \(files.linux) to \(directory)/\(files.digest)/linux",
                "copy \(files.initrd) to \(directory)/\(files.digest)/initrd",
            ]
        case .settleConflict(let path, let takesNew):
            (takesNew ? ["put \(ConflictStore.directory)\(path) in place of \(path)"] : [])
                + ["rm -r \(ConflictStore.directory)\(path) \(ConflictStore.baseDirectory)\(path)"]
        case .runHooks(let run): run.lines()
        case .carry(let order):
            [
                "mount \(order.fromBase.device), \(order.isFromRunning ? "/ alone" : order.from.device), "
                    + "\(order.toBase.device) and \(order.to.device) privately, the last to write to it, "
                    + "merge /etc and the lists of /config, unmount them"
            ]
        case .carryPackages(let order, let isLate):
            [
                "mount \(order.fromBase.device), \(order.isFromRunning ? "/ alone" : order.from.device), "
                    + "\(order.toBase.device) and \(order.to.device) privately, copy the archives of added "
                    + "packages in \(PackageStore.directory)"
                    + (isLate ? "" : ", run dpkg on them in an overlay, take over what succeeds")
                    + ", unmount them"
            ]
        case .reviewCarry(let order, true): ["read \(CarryReview.path) of \(order.to.device)"]
        case .reviewCarry(let order, false):
            [
                "mount \(order.from.device) and \(order.to.device) privately, run the programs of persist.d "
                    + "that read what was carried in overlays, take over what they make, unmount them"
            ]
        case .keepArchive(let path, let archive): ["cp \(path) \(archive.path)"]
        case .recordPackages: ["write \(PackageStore.recordPath)"]
        case .setUpLayer(let setup):
            [
                "mount \(setup.layer.device) privately (\(setup.type.rawValue)), put into it: "
                    + setup.words.joined(separator: ", ")
            ]
        case .coverPlace(let move):
            (move.copies
                ? ["mount \(move.volume.device) privately, copy the files in \(move.place) to it"] : [])
                + ["mount -o ro \(move.volume.device) \(move.place)", "stop if something below it is open"]
                + (move.copies ? ["copy what has changed below it"] : [])
        case .fillVolume(let fill):
            [
                "mount \(fill.layer.device) and \(fill.volume.device) privately, copy the files in \(fill.place), "
                    + "unmount them"
            ]
        case .uncoverPlace(let place, let device): ["umount --lazy \(place), if \(device) is mounted there"]
        case .flushDevice(let device): ["flush \(device)"]
        }
    }

    private static func flush(_ path: String) -> String {
        "flush the file system of \(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))"
    }

    private static func shown(_ contents: [UInt8]) -> [String] {
        // The padding of an environment block carries no information.
        let end = contents.lastIndex { $0 != UInt8(ascii: "#") }.map { $0 + 1 } ?? 0
        let isPadded = contents.count == GRUBEnvironment.size && end < contents.count
        var lines = contents[..<(isPadded ? end : contents.count)]
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { "| " + String(decoding: $0, as: UTF8.self).withoutControls }
        if lines.last == "| " { lines.removeLast() }
        return lines
    }
}

extension BootFileSource {
    /// The way to reach the files.
    fileprivate func lines() -> [String] {
        switch self {
        case .running: []
        case .runningAlone: ["look below / without what is mounted there"]
        case .layer(let path, let type): ["mount \(path.device) privately (\(type.rawValue), read-only)"]
        }
    }
}

extension Plan: Encodable {
    private enum Keys: String, CodingKey {
        case goal, prepare, commit, cleanup, isContinued
    }

    /// Encodes the goal and the steps of each phase.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(goal, forKey: .goal)
        try container.encode(prepare, forKey: .prepare)
        try container.encode(commit, forKey: .commit)
        try container.encode(cleanup, forKey: .cleanup)
        if isContinued { try container.encode(true, forKey: .isContinued) }
    }
}

extension Step: Encodable {
    private enum Keys: String, CodingKey {
        case step, summary, actions
    }

    /// Encodes the verb, the sentence and the actions.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(verb, forKey: .step)
        try container.encode(description, forKey: .summary)
        try container.encode(actions(), forKey: .actions)
    }
}

extension Action: Encodable {
    private enum Keys: String, CodingKey {
        case command, input, file, contents, device, other
    }

    /// Encodes a command as its argument vector, and a file change as path and contents.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        switch self {
        case .run(let command):
            try container.encode([command.tool.path] + command.arguments, forKey: .command)
            if !command.input.isEmpty { try container.encode(command.input, forKey: .input) }
        case .replaceFile(let path, let contents), .replaceBootFile(let path, let contents):
            try container.encode(path, forKey: .file)
            try container.encode(String(decoding: contents, as: UTF8.self), forKey: .contents)
        case .replaceFileOn(let device, _, let path, let contents):
            try container.encode(device, forKey: .device)
            try container.encode(path, forKey: .file)
            try container.encode(String(decoding: contents, as: UTF8.self), forKey: .contents)
        default:
            try container.encode(lines().joined(separator: "; "), forKey: .other)
        }
    }
}
