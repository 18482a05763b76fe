import ImgbasedCore
import ImgbasedHostCore
import Testing

/// The policy setting, and the bases it removes.
@Suite struct KeepPolicyTests {
    // MARK: settings

    private static let keys =
        "there are 'keep', 'carry-limit', 'packages-limit' and 'packages-network'"

    @Test func readsSettingsOfPackages() throws {
        #expect(try Settings("").packagesLimit == Bytes(1 << 30))
        #expect(try !Settings("packages-network = no").packagesFromNetwork)
        let settings = try Settings("packages-limit = 2G\npackages-network = yes\n")
        #expect(settings.packagesLimit == Bytes(2 << 30) && settings.packagesFromNetwork)
        #expect(settings.carryLimit == Settings().carryLimit)
    }

    @Test(arguments: [
        ("", 2), ("# keep = 7\n\n", 2), ("keep = 3", 3), ("keep=1\n", 1), (" \tkeep  =\t99  # many\r\n", 99),
        ("#\n#\nkeep = 4", 4),
    ])
    func readsSettings(text: String, keep: Int) throws {
        #expect(try Settings(text).keep == keep)
    }

    @Test(arguments: [
        ("keep", "line 1: 'keep' is not a setting; write 'key = value'"),
        ("\n\nkep = 2", "line 3: there is no setting 'kep'; \(KeepPolicyTests.keys)"),
        ("= 2", "line 1: there is no setting ''; \(KeepPolicyTests.keys)"),
        ("keep = 2\r\nkeep = 2", "line 2: 'keep' is set twice; leave one"),
        ("keep = 0", "line 1: 'keep' must be a number from 1 to 99, not '0'"),
        ("packages-network = maybe", "line 1: 'packages-network' must be 'yes' or 'no', not 'maybe'"),
        ("keep =", "line 1: 'keep' must be a number from 1 to 99, not ''"),
        ("keep = -1", "line 1: 'keep' must be a number from 1 to 99, not '-1'"),
        (
            "keep = 99999999999999999999",
            "line 1: 'keep' must be a number from 1 to 99, not '99999999999999999999'"
        ),
        ("keep = 2 2", "line 1: 'keep' must be a number from 1 to 99, not '2 2'"),
        ("k\u{1B}[2J = 2", "line 1: there is no setting 'k\\x1b[2J'; \(KeepPolicyTests.keys)"),
    ])
    func saysWhatIsWrong(text: String, expected: String) {
        do throws(SettingsError) {
            _ = try Settings(text, path: "/x")
            Issue.record("'\(text)' was read")
        } catch {
            #expect("\(error)" == "'/x' " + expected)
        }
    }

    // MARK: the removed bases

    /// The bases of a case: a letter for each property.
    struct Case: Sendable, CustomTestStringConvertible {
        /// One word a base, oldest first; each letter is a property.
        ///
        /// `-` nothing, `b` booted, `d` default, `g` last good, `t` on trial, `T` trial over, `o` once, `p`
        /// pinned, `l` left with changes, `m` mounted, `s` an administrator's snapshot, `r` being removed, `0` no layers.
        var bases: String
        var keep: Int
        var adding: Bool
        /// The numbers of the removed bases.
        var removals: [Int]

        init(_ bases: String, keep: Int, adding: Bool = true, _ removals: Int...) {
            (self.bases, self.keep, self.adding, self.removals) = (bases, keep, adding, removals)
        }

        var testDescription: String { "\(bases) keep \(keep)\(adding ? " adding" : "")" }
    }

    private static func state(_ bases: String) -> HostState {
        var state = FakeMachine().state
        var record = BootRecord()
        for (number, word) in bases.split(separator: " ").enumerated() {
            func volume(_ name: String, _ tags: Set<String>) -> Volume {
                Volume(
                    path: VolumePath(group: "HostVG", name: name), size: Bytes(1), tags: tags,
                    created: Int64(number), segmentType: "thin", pool: "ImagePool")
            }
            var base = volume("Base-\(number)", [Tag.base])
            if word.contains("p") { base.tags.insert(Tag.pinned) }
            if word.contains("r") { base.tags.insert(Tag.removing) }
            state.volumes.append(base)
            if word.contains("0") { continue }
            var layer = volume("Base-\(number).1", [Tag.layer, Tag.originPrefix + base.name])
            layer.isOpen = word.contains("m")
            if word.contains("l") { layer.tags.insert(Tag.left) }
            state.volumes.append(layer)
            state.boot.entries[layer.name] = "linux /l\ninitrd /i\n"
            if word.contains("b") { state.booted = layer.path }
            if word.contains("d") { record.defaultLayer = layer.name }
            if word.contains("g") { record.good = layer.name }
            if word.contains("o") { record.once = layer.name }
            if word.contains("t") || word.contains("T") {
                record.trial = BootRecord.Trial(layer: layer.name, tries: 3)
                if word.contains("T") { record.trial?.triesLeft = 0 }
            }
            if word.contains("s") {
                var snapshot = volume("mine\(number)", ["somebody"])
                snapshot.origin = layer.name
                state.volumes.append(snapshot)
            }
        }
        var environment = GRUBEnvironment([])
        record.write(to: &environment)
        state.boot.environment = environment.block
        return state
    }

    @Test(arguments: [
        Case("", keep: 2), Case("bd", keep: 1), Case("bd", keep: 2),
        // Oldest first; the base to be added counts.
        Case("- bd", keep: 2, 0), Case("- bd", keep: 2, adding: false), Case("- bd", keep: 3),
        Case("- - - bd", keep: 2, 0, 1, 2), Case("- - - bd", keep: 3, 0, 1),
        Case("- - - bd", keep: 1, adding: false, 0, 1, 2),
        Case("- 0 bd", keep: 2, 0, 1), Case("0 - bd", keep: 3, 0),
        // A newer base goes if an older one cannot.
        Case("bd -", keep: 2, 1), Case("bd - -", keep: 3, 1),
        // Each of the host's needs.
        Case("b d - -", keep: 1, 2, 3), Case("g d b -", keep: 1, 3), Case("t bd -", keep: 1, 2),
        Case("o bd -", keep: 1, 2),
        Case("T bd", keep: 1, 0), Case("bd g t o", keep: 1),
        // Pinned bases are kept in addition.
        Case("p bd", keep: 2), Case("p - bd", keep: 2, 1), Case("p p p bd", keep: 2),
        Case("p bd -", keep: 2, 2),
        // Bases in use, and bases with an administrator's snapshot.
        Case("m - bd", keep: 2, 1), Case("s - bd", keep: 2, 1), Case("s m bd", keep: 1),
        // Bases with changes that were not carried are kept in addition.
        Case("l bd", keep: 1), Case("l - bd", keep: 2, 1), Case("- l bd", keep: 2, 0),
        Case("l l l bd -", keep: 2, 4), Case("lr bd", keep: 2, 0),
        // A base being removed goes, and does not count.
        Case("r bd", keep: 2, 0), Case("r - bd", keep: 3, 0), Case("bdr -", keep: 2),
        Case("rp - bd", keep: 2, 0, 1),
    ])
    func choosesWhatGoes(example: Case) {
        let removals = KeepPolicy(keep: example.keep).removals(
            Self.state(example.bases), names: FakeMachine.names, adding: example.adding)
        #expect(removals.map(\.subject.name) == example.removals.map { "Base-\($0)" })
        for removal in removals {
            #expect(removal.layers.allSatisfy { $0.baseName == removal.subject.name })
        }
    }

    @Test(arguments: [
        ("l bd", ["Base-0"]), ("- l l bd", ["Base-1", "Base-2"]), ("lp ls lm lg lr bdl", []), ("- bd", []),
    ])
    func lastResortsAreFreeBases(bases: String, expected: [String]) {
        let found = KeepPolicy.lastResorts(Self.state(bases), names: FakeMachine.names)
        #expect(found.map(\.subject.name) == expected)
    }

    @Test func withoutARecordTheOneThatWouldBeBootedStays() {
        // No default is recorded: the newest would be booted.
        let removals = KeepPolicy(keep: 1).removals(
            Self.state("- - -"), names: FakeMachine.names, adding: true)
        #expect(removals.map(\.subject.name) == ["Base-0", "Base-1"])
    }

    @Test func nothingGoesWhereBootIsNotThere() {
        var state = Self.state("- - bd")
        state.boot.isMissing = true
        #expect(KeepPolicy(keep: 1).removals(state, names: FakeMachine.names, adding: true).isEmpty)
    }
}
