import Foundation
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// GRUB's boot with damaged files.
@Suite struct GRUBDamageTests {
    /// A replacement for a file.
    enum Damage: Hashable, Sendable {
        case missing, empty, zeros, ones, onesBehindTheHead, zerosAtTheEnd, beginningOfAnother, ofSomebodyElse
        /// The first so many of 40 parts.
        case part(Int)
        /// All bytes without the last so many.
        case allBut(Int)

        static let all: [Damage] =
            [
                .missing, .empty, .zeros, .ones, .onesBehindTheHead, .zerosAtTheEnd, .beginningOfAnother,
                .ofSomebodyElse, .allBut(1), .allBut(2), .allBut(20),
            ] + stride(from: 1, to: 40, by: 2).map { .part($0) }

        func callAsFunction(_ file: [UInt8]) -> [UInt8]? {
            let ones = [UInt8](repeating: 0xFF, count: 20_000)
            return switch self {
            case .missing: nil
            case .empty: []
            case .zeros: [UInt8](repeating: 0, count: file.count)
            case .ones: ones
            case .onesBehindTheHead: Array(file.prefix(70)) + ones
            case .zerosAtTheEnd: file.prefix(file.count / 2) + [UInt8](repeating: 0, count: file.count / 2)
            case .beginningOfAnother:
                Array(GRUBMenu.full([GRUBBoot.entry("Base-7.7")], prefix: "").utf8.prefix(file.count / 2))
                    + file.dropFirst(file.count / 2)
            case .ofSomebodyElse: Array("menuentry x {\n echo OTHER\n exit\n}\n".utf8)
            case .part(let fortieth): Array(file.prefix(file.count * fortieth / 40))
            case .allBut(let less): file.dropLast(less)
            }
        }
    }

    /// A partial menu counts as none, and the copy decides as the menu would have.
    ///
    /// With both menus damaged, the record is enough. With everything damaged, the rest of grub.cfg gets its
    /// turn: never the prompt.
    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: Damage.all)
    func halfAMenuIsNone(damage: Damage) throws {
        let record = GRUBBoot.record("Base-0.1", trial: "Base-0.10", good: "Base-0.1")
        let environment = GRUBBoot.environment(record)
        let menu = damage(Array(GRUBBoot.menu.utf8))
        let copy = Array(GRUBBoot.menu.utf8)
        #expect(menu == nil || !GRUBFile.isWhole(menu.map { String(decoding: $0, as: UTF8.self) }))

        let loader = Array(GRUBBoot.loader.utf8)
        var files = ["/grub/imgbased.cfg": menu, "/imgbased/menu.cfg": copy, "/imgbased/load.cfg": loader]
            .compactMapValues { $0 }
        var booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
        #expect(booted.record.trial?.triesLeft == 2)
        // The last good layer, if only the menu's own knowledge is left.
        booted = try GRUBBoot.boot(files: files, environment: damage(environment))
        #expect(booted.choice?.isEmpty == false, "\(booted.all)")
        if GRUBEnvironment(damage(environment) ?? []).variables.isEmpty {
            #expect(booted.choice == "Base-0.2 rd.imgbased.reason=best", "\(booted.all)")
        }
        // Other partial files do no harm.
        files["/grub/imgbased.cfg"] = Array(GRUBBoot.menu.utf8)
        files["/imgbased/menu.cfg"] = damage(copy)
        files["/imgbased/load.cfg"] = damage(loader)
        booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
        files["/grub/imgbased.cfg"] = menu
        booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.isForeign, "\(booted.all)")
        files["/imgbased/load.cfg"] = loader
        booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
    }

    /// 512 zero bytes in the middle, like a lost sector: the ends agree.
    ///
    /// Still no layer is booted with another layer's values. If the record is not read, the newest good layer
    /// boots. If an entry has lost its end and the menu no braces, GRUB's menu waits for a person.
    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func holes() throws {
        let whole = Array(GRUBBoot.menu.utf8)
        var others = 0
        for place in stride(from: 512, to: whole.count - 512, by: 512) {
            var menu = whole
            for index in place..<(place + 512) { menu[index] = 0 }
            let files = [
                "/grub/imgbased.cfg": menu, "/imgbased/menu.cfg": whole,
                "/imgbased/load.cfg": Array(GRUBBoot.loader.utf8),
            ]
            let booted = try GRUBBoot.boot(files: files, environment: GRUBBoot.environment("Base-0.1"))
            if booted.choice?.hasPrefix("Base-0.1 ") == true { continue }
            others += 1
            #expect(
                booted.choice == nil || booted.choice == "Base-0.2 rd.imgbased.reason=best", "\(booted.all)")
        }
        #expect(others <= 2)
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func directoriesAreNoFiles() throws {
        let files = [
            "/grub/imgbased.cfg/x": [], "/grub/imgbased.env/x": [],
            "/imgbased/menu.cfg": Array(GRUBBoot.menu.utf8),
        ]
        let booted = try GRUBBoot.boot(files: files, environment: nil)
        #expect(booted.choice == "Base-0.2 rd.imgbased.reason=best", "\(booted.all)")
    }
}
