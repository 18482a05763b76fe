/// The packages of a tree, as dpkg's and apt's databases say (dpkg(1), apt-mark(8)), or as rpm tells them
/// (rpm(8)).
public struct PackageDatabase: Hashable, Sendable {
    /// The path of dpkg's database.
    public static let statusPath = "/var/lib/dpkg/status"
    /// The path of apt's marks of packages that were installed for others.
    public static let marksPath = "/var/lib/apt/extended_states"
    /// The directory of the lists of each package's files.
    public static let listDirectory = "/var/lib/dpkg/info"
    /// The longest of these files that is read, in bytes.
    public static let limit = ControlText.limit

    /// The package manager that has the database.
    public let manager: PackageManager
    /// The packages that are installed, whole. Of a package that is there in several versions, as kernels of
    /// rpm are, it is the newest.
    public private(set) var packages: [PackageName: Package] = [:]
    /// The same by their names.
    private(set) var names: [String: [PackageName]] = [:]
    /// Packages that are neither whole nor absent: their installation was interrupted or failed.
    public private(set) var broken: Set<PackageName> = []

    /// No packages of `manager`.
    public init(of manager: PackageManager = .dpkg) {
        self.manager = manager
    }

    /// Reads `status`, the database of dpkg, and `marks`, that of apt, if there is one.
    public init(status: [UInt8], marks: [UInt8] = []) throws(PackageProblem) {
        manager = .dpkg
        let fields: Set<String> = [
            "Package", "Status", "Version", "Architecture", "Multi-Arch", "Pre-Depends", "Depends",
            "Recommends", "Conflicts", "Breaks", "Provides", "Conffiles", "Installed-Size",
        ]
        for stanza in try ControlText.stanzas(status, fields: fields) {
            guard let name = stanza["Package"], PackageName.isName(name) else {
                throw .database("an entry has no name")
            }
            let state = (stanza["Status"] ?? "").split(separator: " ")
            guard state.count == 3 else { throw .database("package '\(name)' has no state") }
            if state[2] == "not-installed" || state[2] == "config-files" { continue }
            guard let architecture = stanza["Architecture"], PackageName.isArchitecture(architecture),
                let version = PackageVersion(stanza["Version"] ?? "", of: .dpkg)
            else { throw .database("package '\(name)' has no architecture or version") }
            let id = PackageName(name, architecture)
            guard state[2] == "installed" || state[2].hasPrefix("triggers-") else {
                broken.insert(id)
                continue
            }
            var package = try PackageDatabase.package(id, version, stanza)
            package.isHeld = state[0] == "hold"
            add(package)
        }
        try mark(marks)
    }

    mutating func add(_ package: Package) {
        if let there = packages[package.id], there.version > package.version { return }
        if packages.updateValue(package, forKey: package.id) == nil {
            names[package.id.name, default: []].append(package.id)
        }
    }

    private static func package(
        _ id: PackageName, _ version: PackageVersion, _ stanza: [String: String]
    ) throws(PackageProblem) -> Package {
        var package = Package(id, version)
        package.preDepends = try PackageRelation.parse(stanza["Pre-Depends"])
        package.depends = try PackageRelation.parse(stanza["Depends"])
        package.recommends = try PackageRelation.parse(stanza["Recommends"])
        package.conflicts = try PackageRelation.parse(stanza["Conflicts"])
        package.breaks = try PackageRelation.parse(stanza["Breaks"])
        package.provides = try PackageRelation.parse(stanza["Provides"])
        package.isForeign = stanza["Multi-Arch"] == "foreign"
        package.allowsAny = stanza["Multi-Arch"] == "allowed"
        package.kibibytes = stanza["Installed-Size"].flatMap(UInt64.init) ?? 0
        // A line is a path, a digest, and perhaps a word; a path may have spaces.
        for line in (stanza["Conffiles"] ?? "").parts(separator: "\n") {
            var words = line.trimmed.parts(separator: " ")
            if words.last == "obsolete" || words.last == "remove-on-upgrade" { words.removeLast() }
            guard words.count >= 2, words[0].hasPrefix("/") else { continue }
            package.configurationFiles.append(words.dropLast().joined(separator: " "))
        }
        return package
    }

    /// Notes which packages were installed for others alone.
    private mutating func mark(_ marks: [UInt8]) throws(PackageProblem) {
        for stanza in try ControlText.stanzas(marks, fields: ["Package", "Architecture", "Auto-Installed"]) {
            guard stanza["Auto-Installed"] == "1", let name = stanza["Package"] else { continue }
            // apt marks packages for all architectures with the native one.
            for architecture in [stanza["Architecture"] ?? "all", "all"] {
                packages[PackageName(name, architecture)]?.isManual = false
            }
        }
    }

    /// The package `id`; `nil` if it is not installed whole.
    public subscript(id: PackageName) -> Package? { packages[id] }

    /// The packages in order.
    public var sorted: [Package] { packages.values.sorted { $0.id < $1.id } }

    /// The architecture of the system, as that of dpkg itself; `nil` if unknown.
    public var native: String? {
        packages.keys.filter { $0.name == "dpkg" }.map(\.architecture).min()
    }
}

extension PackageDatabase {
    /// The database with the packages that `controls`, the control files of archives, describe.
    ///
    /// A package that is installed stays as it is.
    public func adding(controls: [[UInt8]]) throws(PackageProblem) -> PackageDatabase {
        var result = self
        let fields: Set<String> = [
            "Package", "Version", "Architecture", "Multi-Arch", "Pre-Depends", "Depends", "Recommends",
            "Conflicts", "Breaks", "Provides", "Installed-Size",
        ]
        for control in controls {
            for stanza in try ControlText.stanzas(control, fields: fields) {
                guard let name = stanza["Package"], PackageName.isName(name),
                    let architecture = stanza["Architecture"], PackageName.isArchitecture(architecture),
                    let version = PackageVersion(stanza["Version"] ?? "", of: .dpkg)
                else { throw .database("the archive of a package does not tell its name and version") }
                let id = PackageName(name, architecture)
                if result[id] == nil { result.add(try PackageDatabase.package(id, version, stanza)) }
            }
        }
        return result
    }

    /// The file of apt's marks `marks` with marks for `ids`, which were installed for others alone.
    public func marks(_ marks: [UInt8], adding ids: Set<PackageName>) throws(PackageProblem) -> [UInt8] {
        var known: Set<String> = []
        for stanza in try ControlText.stanzas(marks, fields: ["Package", "Architecture", "Auto-Installed"])
        where stanza["Auto-Installed"] == "1" {
            if let name = stanza["Package"] { known.insert("\(name):\(stanza["Architecture"] ?? "")") }
        }
        var text = ""
        for id in ids.sorted() {
            // apt marks packages for all architectures with the native one.
            let architecture = id.architecture == "all" ? native ?? "all" : id.architecture
            if known.contains("\(id.name):\(architecture)") { continue }
            text += "Package: \(id.name)\nArchitecture: \(architecture)\nAuto-Installed: 1\n\n"
        }
        if text.isEmpty { return marks }
        let separator = marks.isEmpty || marks.suffix(2).elementsEqual("\n\n".utf8) ? "" : "\n"
        return marks + Array((separator + text).utf8)
    }
}
