import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct UnitStatesTests {
    /// Links below `/etc/systemd/`, by path.
    typealias Links = [String: String]

    private func tree(_ links: Links) throws -> [TreePath: [UInt8]] {
        var tree: [TreePath: [UInt8]] = [:]
        for (path, target) in links {
            tree[try #require(TreePath(parsing: "/etc/systemd/" + path))] = bytes(target)
        }
        return tree
    }

    private func states(
        _ base: Links, _ ours: Links, _ theirs: Links, units: [String] = ["a.service"], masks: [String] = [],
        ruled: [String] = []
    ) throws -> UnitStates {
        UnitStates(
            base: try tree(base), ours: try tree(ours), theirs: try tree(theirs),
            units: Set(units.map { bytes($0) }), masks: Set(masks.compactMap { TreePath(parsing: $0) }),
            ruled: Set(ruled.compactMap { TreePath(parsing: "/etc/systemd/" + $0) }))
    }

    private static let wants = "system/multi-user.target.wants/a.service"
    private static let other = "system/graphical.target.wants/a.service"
    private static let required = "system/x.target.requires/a.service"
    private static let mask = "system/a.service"
    private static let alias = "system/dbus-org.a.service"
    private static let unit = "/lib/systemd/system/a.service"

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var base: Links
        var ours: Links
        var theirs: Links
        var decisions: [String: UnitStates.Decision]
        var notes: [UnitNote] = []

        var testDescription: String { what }
    }

    static let cases = [
        Case(
            what: "left alone", base: [wants: unit], ours: [wants: unit], theirs: [wants: unit],
            decisions: [wants: .theirs]),
        Case(
            what: "newly enabled there", base: [:], ours: [:], theirs: [wants: unit],
            decisions: [wants: .theirs]),
        Case(
            what: "no more enabled there", base: [wants: unit], ours: [wants: unit], theirs: [:],
            decisions: [wants: .absent]),
        Case(
            what: "moved there", base: [wants: unit], ours: [wants: unit], theirs: [other: unit],
            decisions: [wants: .absent, other: .theirs]),
        Case(what: "enabled here", base: [:], ours: [wants: unit], theirs: [:], decisions: [wants: .ours]),
        Case(
            what: "enabled here and there", base: [:], ours: [wants: unit], theirs: [wants: unit],
            decisions: [wants: .theirs]),
        Case(
            what: "enabled here, there by another target", base: [:], ours: [wants: unit],
            theirs: [other: unit],
            decisions: [wants: .ours, other: .theirs]),
        Case(
            what: "disabled here", base: [wants: unit], ours: [:], theirs: [wants: unit],
            decisions: [wants: .absent]),
        Case(
            what: "disabled here, there by another target", base: [wants: unit], ours: [:],
            theirs: [other: unit],
            decisions: [other: .absent], notes: [.staysDisabled(unit: bytes("a.service"))]),
        Case(
            what: "disabled here, there by a name and a requirement too", base: [wants: unit], ours: [:],
            theirs: [wants: unit, alias: unit, required: unit],
            decisions: [wants: .absent, alias: .absent, required: .absent],
            notes: [.staysDisabled(unit: bytes("a.service"))]),
        Case(
            what: "one of two links taken away here", base: [wants: unit, other: unit], ours: [wants: unit],
            theirs: [wants: unit, other: unit, required: unit],
            decisions: [wants: .theirs, other: .absent, required: .theirs]),
        Case(
            what: "masked here", base: [wants: unit], ours: [wants: unit, mask: "/dev/null"],
            theirs: [wants: unit],
            decisions: [wants: .theirs, mask: .ours]),
        Case(
            what: "masked here, disabled too", base: [wants: unit], ours: [mask: "/dev/null"],
            theirs: [other: unit],
            decisions: [mask: .ours, other: .absent], notes: [.staysDisabled(unit: bytes("a.service"))]),
        Case(
            what: "masked there", base: [:], ours: [:], theirs: [mask: "/dev/null"],
            decisions: [mask: .theirs]),
        Case(
            what: "no more masked there", base: [mask: "/dev/null"], ours: [mask: "../../../dev/null"],
            theirs: [:],
            decisions: [mask: .absent]),
        Case(
            what: "unmasked here", base: [mask: "/dev/null"], ours: [:], theirs: [mask: "/dev/null"],
            decisions: [mask: .absent]),
        Case(
            what: "masked here, linked there", base: [:], ours: [mask: "/dev/null"],
            theirs: [mask: "/opt/a.service"],
            decisions: [mask: .ours],
            notes: [
                .bothChanged(
                    TreePath(escaped: "/etc/systemd/" + mask) ?? .root, theirs: bytes("/opt/a.service"))
            ]),
        Case(
            what: "the same by other paths", base: [alias: "/lib/systemd/system/a.service"],
            ours: [alias: "/usr/lib/systemd/system/a.service"],
            theirs: [alias: "../../../lib/systemd/system/a.service"],
            decisions: [alias: .theirs]),
        Case(
            what: "systemd goes by the name of the link", base: [wants: unit], ours: [wants: "/nowhere"],
            theirs: [wants: unit],
            decisions: [wants: .theirs]),
        Case(
            what: "a dependency masked here", base: [wants: unit], ours: [wants: "/dev/null"],
            theirs: [wants: unit],
            decisions: [wants: .ours]),
        Case(
            what: "another unit by the same name here", base: [alias: unit],
            ours: [alias: "/lib/systemd/system/b.service"],
            theirs: [alias: unit, wants: unit], decisions: [alias: .ours, wants: .absent],
            notes: [.staysDisabled(unit: bytes("a.service")), .missing(unit: bytes("b.service"))]),
        Case(
            what: "a default target of here",
            base: ["system/default.target": "/lib/systemd/system/graphical.target"],
            ours: ["system/default.target": "/lib/systemd/system/multi-user.target"],
            theirs: ["system/default.target": "/usr/lib/systemd/system/rescue.target"],
            decisions: ["system/default.target": .ours],
            notes: [
                .bothChanged(
                    TreePath(escaped: "/etc/systemd/system/default.target") ?? .root,
                    theirs: bytes("/usr/lib/systemd/system/rescue.target")),
                .missing(unit: bytes("multi-user.target")),
            ]),
        Case(
            what: "an instance disabled here",
            base: ["system/getty.target.wants/getty@tty1.service": "/lib/systemd/system/getty@.service"],
            ours: [:],
            theirs: [
                "system/x.target.wants/getty@tty1.service": "/lib/systemd/system/getty@.service",
                "system/x.target.wants/getty@tty2.service": "/lib/systemd/system/getty@.service",
            ],
            decisions: [
                "system/x.target.wants/getty@tty1.service": .absent,
                "system/x.target.wants/getty@tty2.service": .theirs,
            ], notes: [.staysDisabled(unit: bytes("getty@tty1.service"))]),
        Case(
            what: "of the other manager", base: [wants: unit, "user/x.target.wants/a.service": unit],
            ours: ["user/x.target.wants/a.service": unit],
            theirs: [wants: unit, "user/y.target.wants/a.service": unit],
            decisions: [
                wants: .absent, "user/x.target.wants/a.service": .absent,
                "user/y.target.wants/a.service": .theirs,
            ]),
        Case(
            what: "deeper and elsewhere", base: [:],
            ours: ["system/a.service.d/x.conf": "/x", "network/y": "/y"],
            theirs: ["system/a.service.d/x.conf": "/z"], decisions: ["system/a.service.d/x.conf": .ours],
            notes: [
                .bothChanged(
                    TreePath(escaped: "/etc/systemd/system/a.service.d/x.conf") ?? .root, theirs: bytes("/z"))
            ]),
    ]

    @Test(arguments: cases)
    func decides(_ example: Case) throws {
        let states = try states(example.base, example.ours, example.theirs)
        var decisions: [String: UnitStates.Decision] = [:]
        for (path, decision) in states.decisions {
            decisions[String(path.description.dropFirst("/etc/systemd/".count))] = decision
        }
        #expect(decisions == example.decisions)
        #expect(states.notes == example.notes)
    }

    // MARK: Masked by the new base

    private static let maskPath = TreePath(parsing: "/etc/systemd/" + mask) ?? .root

    @Test func whatWasEnabledHereIsNotMasked() throws {
        let (wants, mask) = (UnitStatesTests.wants, UnitStatesTests.mask)
        let (unit, null) = (UnitStatesTests.unit, "/dev/null")
        let path = UnitStatesTests.maskPath
        let note = UnitNote.staysEnabled(unit: bytes("a.service"), path)
        let states = try states([:], [wants: unit], [mask: null])
        #expect(states.decisions[path] == .absent && states.notes == [note])
        // By a link that the new base also has.
        #expect(try self.states([:], [wants: unit], [wants: unit, mask: null]).notes == [note])
        // Enabled before, masked before, or masked here: decided otherwise.
        for (base, ours, decision) in [
            ([wants: unit], [wants: unit], .theirs), ([mask: null], [wants: unit], .absent),
            ([:], [wants: unit, mask: null], .theirs),
        ] as [(Links, Links, UnitStates.Decision)] {
            let states = try self.states(base, ours, [mask: null])
            #expect(states.decisions[path] == decision && states.notes.isEmpty)
        }
        // A rule has that link: the mask is only reported.
        let ruled = try self.states([:], [wants: unit], [mask: null], ruled: [mask])
        #expect(ruled.decisions[path] == nil)
        #expect(ruled.notes == [.masked(unit: bytes("a.service"), path)])
        // An instance, and a masked template.
        let instance = "system/m.target.wants/t@1.service"
        let template = try self.states(
            [:], [instance: "/lib/systemd/system/t@.service"], ["system/t@.service": null],
            units: ["t@.service"])
        #expect(template.decisions.values.contains(.absent))
    }

    @Test func whatWasEnabledHereAndIsMaskedElsewhereIsTold() throws {
        let place = "/usr/lib/systemd/system/a.service"
        let note = UnitNote.masked(unit: bytes("a.service"), try #require(TreePath(parsing: place)))
        let (wants, unit) = (UnitStatesTests.wants, UnitStatesTests.unit)
        #expect(try states([:], [wants: unit], [:], masks: [place]).notes == [note])
        #expect(try states([wants: unit], [wants: unit], [wants: unit], masks: [place]).notes.isEmpty)
        // The administrator's own unit counts instead.
        let mine = [wants: unit, "system/a.service": "/opt/a.service"]
        #expect(try states([:], mine, [:], masks: [place]).notes.isEmpty)
        // Of the other manager.
        let user = place.replacing("/system/", with: "/user/")
        #expect(try states([:], [wants: unit], [:], masks: [user]).notes.isEmpty)
    }

    @Test func listsWhatIsNotThereAnyMore() throws {
        let links = [
            "system/m.target.wants/gone.service": "/lib/systemd/system/gone.service",
            "system/m.target.wants/t@1.service": "/lib/systemd/system/t@.service",
            "system/m.target.wants/u@1.service": "/lib/systemd/system/u@.service",
            "system/m.target.wants/own.service": "/etc/systemd/system/own.service",
            "system/m.target.wants/linked.service": "/opt/linked.service",
            "system/linked.service": "/opt/linked.service",
        ]
        let states = try states([:], links, [:], units: ["t@.service", "own.service"])
        #expect(states.decisions.values.allSatisfy { $0 == .ours })
        #expect(
            states.notes == [.missing(unit: bytes("gone.service")), .missing(unit: bytes("u@1.service"))])
        // Links that the old base enabled are not the administrator's.
        #expect(try self.states(links, links, [:], units: []).notes.isEmpty)
    }

    @Test func takesAnyName() throws {
        let path = try #require(TreePath(parsing: "/etc/systemd/system/x.wants")?.appending([0xFF, 0x0A]))
        let odd = try #require(TreePath(parsing: "/etc/systemd/system/.wants/x"))
        let states = UnitStates(base: [:], ours: [path: [0xFF], odd: []], theirs: [:], units: [])
        #expect(states.decisions == [path: .ours, odd: .ours])
        #expect(states.notes.map(\.description).allSatisfy { $0.contains("'\\xff\\n'") })
        #expect(states.notes.count == 1)
    }
}
