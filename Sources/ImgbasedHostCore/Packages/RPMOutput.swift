/// What rpm(8) says when it installs archives.
enum RPMOutput {
    /// Which of `archives` cannot be installed, each with the reasons that rpm tells in `output`. `missing` are
    /// packages that will not be there, with the reasons, by their names.
    ///
    /// rpm prints one line for each problem (rpm: lib/rpmprob.c). The package that has the problem comes last
    /// if it is to be installed, and first if it is in the way of one that is installed.
    static func blamed(
        _ archives: [PackageArchive], in output: String, missing: [String: String]
    ) -> [PackageName: String] {
        var reasons: [PackageName: [String]] = [:]
        let byName = owners(archives)
        var before = ""
        // A message on one line has them behind each other.
        for line in output.split(whereSeparator: \.isNewline).flatMap({ $0.split(separator: ";") }) {
            let text = String(line).trimmed
            defer { before = text }
            guard !text.hasPrefix("warning:") else { continue }
            let words = RPMOutput.words(of: text)
            let inTheWay =
                words.contains("installed") ? archives.first { $0.id.name == words.first }?.id : nil
            guard let id = words.compactMap({ byName[$0] }).last ?? inTheWay else { continue }
            reasons[id, default: []].append(reason(text, before, missing))
        }
        return reasons.mapValues { $0.prefix(3).joined(separator: "; ") }
    }

    /// Which of `archives` were installed although a script of theirs failed, each with what rpm says of that.
    static func remarks(_ archives: [PackageArchive], in output: String) -> [PackageName: String] {
        let byName = owners(archives)
        var remarks: [PackageName: String] = [:]
        for line in output.split(whereSeparator: \.isNewline) where line.hasPrefix("warning: %") {
            let text = String(line.dropFirst("warning: ".utf8.count)).trimmed
            guard let id = words(of: text).compactMap({ byName[$0] }).last else { continue }
            remarks[id] = text
        }
        return remarks
    }

    private static func words(of text: String) -> [String] {
        text.split(whereSeparator: { " (),".contains($0) }).map {
            $0.hasSuffix(":") ? String($0.dropLast()) : String($0)
        }
    }

    private static func owners(_ archives: [PackageArchive]) -> [String: PackageName] {
        Dictionary(
            archives.flatMap { archive in names(of: archive).map { ($0, archive.id) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// The names by which rpm mentions a package: its own, with and without the epoch, and its file's.
    private static func names(of archive: PackageArchive) -> [String] {
        let (version, name) = (archive.version.text, archive.id.name)
        let bare = version.parts(separator: ":").last ?? version
        return [version, bare].map { "\(name)-\($0).\(archive.id.architecture)" } + [archive.path]
    }

    /// The reason in the line `text`, behind the line `before`, which may be the word of a script.
    private static func reason(_ text: String, _ before: String, _ missing: [String: String]) -> String {
        let words = text.hasPrefix("error: ") ? String(text.dropFirst(7)) : text
        if let need = words.part(before: " is needed by ") {
            let name = String(need.prefix { $0 != " " && $0 != "(" })
            if let reason = missing[name] { return "it needs '\(name)': \(reason)" }
            return "it needs '\(need)', which neither the new base nor another package has"
        }
        guard words.hasPrefix("%"), !before.isEmpty, !before.hasPrefix("error:") else { return words }
        return "\(words); it said: \(before)"
    }
}

extension String {
    /// The part before the first `separator`; `nil` if there is none.
    fileprivate func part(before separator: String) -> String? {
        let (text, wanted) = (Array(utf8), Array(separator.utf8))
        for start in text.indices where text[start...].starts(with: wanted) {
            return String(decoding: text[..<start], as: UTF8.self)
        }
        return nil
    }
}
