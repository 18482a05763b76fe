import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Units that the administrator enabled, in trees with other files besides their links.
@Suite struct CarryUnitTests {
    private static let own = "/etc/systemd/system/"
    private static let vendor = "/usr/lib/systemd/system/"

    private static func enable(_ unit: String, in root: MemoryNode) {
        root.put(own + "multi-user.target.wants/\(unit)", .link(vendor + unit))
    }

    @Test func aMaskOfTheNewBaseDoesNotDisable() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] {
                for unit in ["a.service", "b.service"] {
                    root.put(CarryUnitTests.vendor + unit, .file("[Unit]"))
                }
            }
            CarryUnitTests.enable("a.service", in: ours)
            for unit in ["a.service", "b.service"] { new.put(CarryUnitTests.own + unit, .link("/dev/null")) }
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(trees.target[CarryUnitTests.own + "a.service"] == nil)
        #expect(trees.target[CarryUnitTests.own + "b.service"] != nil)
        #expect(trees.target[CarryUnitTests.own + "multi-user.target.wants/a.service"] != nil)
        #expect(report.conflicts.map(\.path.description) == [CarryUnitTests.own + "a.service"])
    }

    @Test(arguments: ["/dev/null", "../../../../dev/null", nil])
    func aMaskThatStaysIsTold(target: String?) throws {
        let mask = target.map { MemoryNode.link($0) } ?? .file("")
        for isNew in [true, false] {
            for isOwn in [true, false] {
                let trees = CarryWalkTests.trees { (base, ours, new) in
                    let unit = isNew ? MemoryNode.file("[Unit]") : mask.copy()
                    for root in [base, ours] { root.put(CarryUnitTests.vendor + "a.service", unit.copy()) }
                    new.put(CarryUnitTests.vendor + "a.service", mask.copy())
                    CarryUnitTests.enable("a.service", in: ours)
                    if isOwn { ours.put(CarryUnitTests.own + "a.service", .file("[Unit]")) }
                }
                let report = try CarryWalkTests.carry(trees)
                let isTold = isNew && !isOwn
                #expect(
                    report.conflicts.map(\.path.description)
                        == (isTold ? [CarryUnitTests.vendor + "a.service"] : []))
            }
        }
    }

    @Test func aDirectoryOfSettingsThatIsALinkIsNoUnit() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put(CarryUnitTests.vendor + "a.service", .file("[Unit]")) }
            ours.put(CarryUnitTests.own + "a.service.d", .link("../../shared.d"))
            ours.put("/etc/shared.d/x.conf", .file("[Unit]"))
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(report.conflicts.isEmpty)
        #expect(trees.target[CarryUnitTests.own + "a.service.d"]?.kind == .link(Array("../../shared.d".utf8)))
    }

    /// A file is merged with that link, not a state.
    @Test func aUnitOfTheAdministratorsIsNoMaskedOne() throws {
        let trees = CarryWalkTests.trees { (_, ours, new) in
            ours.put(CarryUnitTests.own + "a.service", .file("[Unit]"))
            CarryUnitTests.enable("a.service", in: ours)
            new.put(CarryUnitTests.own + "a.service", .link("/dev/null"))
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, CarryUnitTests.own + "a.service") == "[Unit]")
        #expect(report.conflicts.map(\.detail) == ["a file here and a link in the new base; this one stays"])
    }

    // MARK: Units elsewhere

    /// The layer's unit, the new base's unit, the list, and whether the link is reported.
    @Test(
        arguments: [
            ("x", nil, "", true), ("x", nil, "/opt/app", false), ("x", "y", "", false), (nil, nil, "", false),
        ] as [(String?, String?, String, Bool)])
    func aLinkToAUnitThatIsNotCarriedIsTold(here: String?, new: String?, list: String, isTold: Bool) throws {
        for isEnabled in [true, false] {
            var trees = CarryWalkTests.trees { (_, ours, theirs) in
                ours.put(CarryUnitTests.own + "app.service", .link("/opt/app/app.service"))
                if isEnabled {
                    ours.put(
                        CarryUnitTests.own + "multi-user.target.wants/app.service",
                        .link("/opt/app/app.service"))
                }
                for (root, text) in [(ours, here), (theirs, new)] {
                    root.put("/opt/x", .file(""))
                    if let text { root.put("/opt/app/app.service", .file(text)) }
                }
            }
            trees.settings.scope = CarryWalkTests.lists(list)
            let report = try CarryWalkTests.carry(trees)
            #expect(trees.target[CarryUnitTests.own + "app.service"] != nil)
            #expect(
                report.conflicts.map(\.path.description)
                    == (isTold ? [CarryUnitTests.own + "app.service"] : []))
            #expect(report.conflicts.allSatisfy { $0.detail.contains("'/opt/app/app.service'") })
        }
    }

    /// `/opt` is a link in every base, so the unit can be present or carried behind it.
    @Test func aLinkToAUnitBehindAnotherIsNotJudged() throws {
        var trees = CarryWalkTests.trees { (base, ours, theirs) in
            for root in [base, ours, theirs] { root.put("/opt", .link("var/opt")) }
            ours.put("/var/opt/app/app.service", .file("x"))
            ours.put(CarryUnitTests.own + "app.service", .link("/opt/app/app.service"))
        }
        trees.settings.scope = CarryWalkTests.lists("/var/opt/app")
        #expect(try CarryWalkTests.carry(trees).conflicts.isEmpty)
        #expect(CarryWalkTests.text(trees.target, "/var/opt/app/app.service") == "x")
    }

    @Test func aLinkThatTheOldBaseHadIsNotTheAdministrators() throws {
        let trees = CarryWalkTests.trees { (base, ours, _) in
            for root in [base, ours] {
                root.put(CarryUnitTests.own + "app.service", .link("/opt/app.service"))
                root.put("/opt/app.service", .file(""))
            }
        }
        #expect(try CarryWalkTests.carry(trees).isEmpty)
    }
}
