import ImgbasedCore
import TestRandom
import Testing

@testable import ImgbasedHostCore

/// Which added packages a new layer gets, and why not the others.
@Suite struct PackageSelectionTests {
    private static func select(
        base: [String] = [], added: [String], newBase: [String] = [], without: Set<String> = [],
        forgotten: Set<String> = []
    ) throws -> PackageSelection {
        let layer = try PackageMaker.database(base + added)
        let archives = layer.sorted.filter { !without.contains($0.id.name) && $0.id.name != "dpkg" }.map {
            PackageArchive($0.id, $0.version, size: Bytes(1000), kept: 1)
        }
        return PackageSelection(
            base: try PackageMaker.database(base), layer: layer, newBase: try PackageMaker.database(newBase),
            archives: archives, forgotten: forgotten)
    }

    private static func names(_ selection: PackageSelection) -> [String] {
        selection.chosen.keys.sorted().map(\.name)
    }

    private static func lines(_ selection: PackageSelection) -> [String] {
        PackageRecord(selection.items).lines
    }

    @Test func whatWasAddedIsInstalledWithWhatItNeeds() throws {
        let selection = try Self.select(
            base: ["sh 1"],
            added: [
                "tool 1 Depends: libtool (>= 1), sh; Recommends: extra", "*libtool 1", "*extra 1", "*stray 1",
            ],
            newBase: ["sh 2"])
        #expect(Self.names(selection) == ["extra", "libtool", "tool"])
        #expect(Self.lines(selection) == [])
        #expect(selection.items.map(\.outcome) == [.unneeded])
        #expect(selection.chosenArchives.map(\.fileName).count == 3)
    }

    @Test func whatTheNewBaseHasIsItsOwn() throws {
        let selection = try Self.select(
            added: ["tool 1 Depends: libtool", "*libtool 1"], newBase: ["tool 2 Depends: libnew", "libnew 1"])
        #expect(Self.names(selection) == [])
        #expect(Self.lines(selection) == ["package 'tool' 1: in the new base, in version 2"])
    }

    @Test func reasonsAreTold() throws {
        let selection = try Self.select(
            added: [
                "a 1 Depends: libold (>= 1)", "b 1 Depends: sh (<< 2)", "c 1 Depends: a", "d 1", "*libold 1",
                "e 1 Conflicts: mta", "f 1",
            ],
            newBase: ["sh 2", "exim 1 Provides: mta", "g 1 Breaks: f (<< 2)"], without: ["libold", "d"])
        #expect(Self.names(selection) == [])
        #expect(
            Self.lines(selection) == [
                "package 'a' 1: not installed, it needs 'libold': no archive of it is kept",
                "package 'b' 1: not installed, it needs 'sh (<< 2)', and the new base has 2",
                "package 'c' 1: not installed, it needs 'a': it needs 'libold': no archive of it is kept",
                "package 'd' 1: not installed, no archive of it is kept",
                "package 'e' 1: not installed, it cannot be beside 'exim' of the new base",
                "package 'f' 1: not installed, it cannot be beside 'g' of the new base",
            ])
    }

    /// As the libraries of Debian 13 with a new name, which breaks the old one and serves what needs it.
    @Test func aLibraryThatTheNewBaseServesIsNotBrought() throws {
        let selection = try Self.select(
            added: ["tool 1 Depends: libx1 (>= 1)", "*libx1 1"],
            newBase: ["libx1t64 2 Provides: libx1 (= 2); Breaks: libx1 (<< 2); Replaces: libx1"])
        #expect(Self.names(selection) == ["tool"])
        #expect(Self.lines(selection) == [])
    }

    @Test func architecturesServeTheirOwn() throws {
        let selection = try Self.select(
            added: [
                "wine 1 Architecture: i386; Depends: libw, shared, helper:any", "*libw 1 Architecture: amd64",
            ],
            newBase: ["shared 1 Multi-Arch: foreign", "helper 1 Multi-Arch: allowed"])
        #expect(
            Self.lines(selection) == [
                "package 'wine' 1: not installed, it needs 'libw', and the new base has 1"
            ])
    }

    @Test func removedAndOlderPackagesOfTheBaseAreTold() throws {
        let layer = try PackageMaker.database(["ssl 1.1"])
        let selection = PackageSelection(
            base: try PackageMaker.database(["ssl 1.0", "nano 1"]), layer: layer,
            newBase: try PackageMaker.database(["ssl 1.0.5", "nano 2"]), archives: [])
        #expect(
            Self.lines(selection) == [
                "package 'nano' 2: returned, it was removed, and the new base has it",
                "package 'ssl' 1.1: older, the new base has 1.0.5",
            ])
    }

    @Test func whatWasHeldIsHeldAgain() throws {
        func database(_ lines: [String], held: [String]) throws -> PackageDatabase {
            var text = lines.map(PackageMaker.stanza).joined(separator: "\n")
            for name in held {
                text = text.replacing(
                    "Package: \(name)\nStatus: install", with: "Package: \(name)\nStatus: hold")
            }
            return try PackageDatabase(status: bytes(text))
        }
        let layer = try database(
            ["tool 1", "ssl 1", "held 1", "gone 1", "lost 1"], held: ["tool", "ssl", "held", "gone", "lost"])
        let new = try database(["ssl 2", "held 1"], held: [])
        let selection = PackageSelection(
            base: try database(["ssl 1", "held 1", "gone 1"], held: ["held"]), layer: layer, newBase: new,
            archives: [try PackageMaker.archive("tool", "1")])
        #expect(
            Self.lines(selection) == [
                "package 'ssl' 1: held, the new base has 2",
                "package 'lost' 1: not installed, no archive of it is kept",
            ])
        let tool = PackageName("tool", "amd64")
        #expect(selection.holds(in: new).map(\.name) == ["ssl"])
        #expect(selection.holds(in: new, adding: [tool]).map(\.name) == ["ssl", "tool"])
        #expect(try selection.holds(in: database(["ssl 2", "tool 1"], held: ["ssl", "tool"])).isEmpty)
    }

    @Test func whatIsForgottenStaysAway() throws {
        let selection = try Self.select(added: ["a 1", "b 1"], forgotten: ["a:amd64"])
        #expect(Self.names(selection) == ["b"])
        #expect(selection.items == [])
    }

    @Test func setsNeedNothingOfEachOther() throws {
        let selection = try Self.select(
            added: ["a 1 Depends: liba", "*liba 1", "b 1", "c 1 Depends: liba", "d 1 Recommends: b"])
        let target = try PackageMaker.database([])
        let sets = selection.sets(in: target).map { $0.sorted().map(\.name) }
        #expect(sets == [["a", "c", "liba"], ["b", "d"]])
        let partly = try PackageMaker.database(["b 1", "d 1", "old 1"])
        #expect(selection.sets(in: partly).map { $0.sorted().map(\.name) } == [["a", "c", "liba"]])
        #expect(selection.surplus(in: partly).map(\.name) == ["old"])
    }

    @Test func whatIsNeededBeforeIsInARunBefore() throws {
        let selection = try Self.select(
            added: [
                "a 1 Pre-Depends: b", "b 1 Depends: c", "c 1", "d 1 Pre-Depends: a", "x 1 Pre-Depends: y",
                "y 1 Pre-Depends: x",
            ])
        let runs = selection.runs(of: Set(selection.chosen.keys)).map { $0.map(\.id.name) }
        #expect(Array(runs.prefix(3)) == [["b", "c"], ["a"], ["d"]])
        #expect(Set(runs.flatMap { $0 }) == ["a", "b", "c", "d", "x", "y"], "a circle ends")
    }

    /// For made-up packages, each added one is chosen, told, or left out for a reason; what is chosen has all
    /// that it needs, and no relation of the base forbids it.
    @Test func everyAddedPackageIsAccountedFor() throws {
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<300 {
            func lines(_ names: [String]) -> [String] {
                names.filter { _ in Bool.random(using: &generator) }.map { name in
                    func pick() -> String {
                        let other = names.randomElement(using: &generator) ?? "p0"
                        let bound = Int.random(in: 0...3, using: &generator)
                        return bound == 0 ? other : "\(other) (\(["<<", ">=", "="][bound - 1]) 2)"
                    }
                    let fields = ["Depends", "Pre-Depends", "Recommends", "Conflicts", "Breaks"].filter { _ in
                        Int.random(in: 0..<4, using: &generator) == 0
                    }.map { "\($0): \(pick())" }
                    let mark = Bool.random(using: &generator) ? "*" : ""
                    return "\(mark)\(name) \(Int.random(in: 1...3, using: &generator)) "
                        + fields.joined(separator: "; ")
                }
            }
            let all = (0..<8).map { "p\($0)" }
            let base = try PackageMaker.database(lines(all))
            let layer = try PackageMaker.database(lines(all))
            let new = try PackageMaker.database(lines(all))
            let archives = layer.sorted.filter { _ in Int.random(in: 0..<4, using: &generator) > 0 }.map {
                PackageArchive($0.id, $0.version, size: Bytes(1), kept: 1)
            }
            let selection = PackageSelection(base: base, layer: layer, newBase: new, archives: archives)
            let told = Set(selection.items.map(\.id))
            let universe = PackageUniverse(new, selection.chosen)
            for package in layer.sorted where base.counterpart(of: package.id) == nil {
                #expect(selection.chosen[package.id] != nil || told.contains(package.id))
            }
            for (id, package) in selection.chosen {
                #expect(base.counterpart(of: id) == nil && new.counterpart(of: id) == nil)
                #expect(universe.problem(of: package, beside: new) == nil)
                #expect(archives.contains { $0.id == id })
            }
            let sets = selection.sets(in: new)
            #expect(sets.reduce(0) { $0 + $1.count } == selection.chosen.count)
            for set in sets {
                #expect(Set(selection.runs(of: set).flatMap { $0 }.map(\.id)) == set)
                for id in set {
                    guard let package = selection.chosen[id] else { continue }
                    for relation in package.depends + package.preDepends {
                        let providers = universe.providers(of: relation, for: package)
                        #expect(providers.contains { set.contains($0) || new[$0] != nil })
                    }
                }
            }
        }
    }
}
